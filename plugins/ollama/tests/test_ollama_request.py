"""What is sent."""

import json

import pytest

from trouplet.errors import BadSetting, Unsupported
from trouplet.model_io import ModelInfo, ToolSchema

LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def sent(peer, model, ask, end, *, options=None, **fields):
    peer.answers([end])
    await ask(model, options=options or {}, **fields)
    return peer.body


async def test_sampling_goes_into_options_and_the_rest_beside_them(peer, model, ask, end):
    one = model(temperature=0.2, max_tokens=99, stop="END", num_ctx=8192, mirostat=1, keep_alive="10m", truncate=False)
    body = await sent(peer, one, ask, end)
    assert body["options"] == {
        "temperature": 0.2, "num_predict": 99, "stop": ["END"], "num_ctx": 8192, "mirostat": 1,
    }  # fmt: skip
    assert (body["keep_alive"], body["truncate"], body["stream"], body["model"]) == ("10m", False, True, "m")


async def test_options_as_a_whole_are_laid_under_the_others_key_by_key(peer, model, ask, end):
    one = model(options={"num_ctx": 4096, "new_in_2031": 1}, temperature=0.1)
    body = await sent(peer, one, ask, end, options={"options": {"num_ctx": 8192}, "temperature": 0.9})
    assert body["options"] == {"num_ctx": 8192, "new_in_2031": 1, "temperature": 0.9}


async def test_without_options_there_are_none(peer, model, ask, end):
    body = await sent(peer, model(), ask, end)
    assert set(body) == {"model", "stream", "messages"}


@pytest.mark.parametrize(
    ("thinking", "think"),
    [(False, False), (True, True), ("low", "low"), ("high", "high"), (0, False), (1024, "low"), (4096, "medium"),
     (32768, "high")],
)  # fmt: skip
async def test_thinking_is_asked_for_as_ollama_knows_it(peer, model, ask, end, thinking, think):
    assert (await sent(peer, model(thinking=thinking), ask, end))["think"] == think


async def test_a_level_of_the_models_own_is_sent_as_it_is(peer, model, ask, end):
    assert (await sent(peer, model(think="max"), ask, end))["think"] == "max"


def test_thinking_and_think_at_once_are_refused(model):
    with pytest.raises(BadSetting, match="think"):
        model(think="max", thinking=True)


def test_a_model_that_is_known_not_to_think_is_not_asked_to(model):
    able = ModelInfo("ollama", "llama3.3", frozenset(("tools", "streaming", "system")))
    with pytest.raises(BadSetting, match="discover"):
        model("llama3.3", info=able, thinking=True)
    model("llama3.3", info=able, thinking=False)


def test_the_window_of_a_model_is_what_it_is_run_with(model):
    assert model(num_ctx=8192).info.context_window == 8192
    assert model(options={"num_ctx": 4096}).info.context_window == 4096


async def test_a_schema_of_the_answer_is_the_format(peer, model, ask, end):
    assert (await sent(peer, model(), ask, end, output_schema=SCHEMA))["format"] == SCHEMA


async def test_no_tools_are_sent_when_none_may_be_called(peer, model, ask, end):
    assert "tools" not in await sent(peer, model(), ask, end, tools=[LOOK], tool_choice="none")


async def test_being_made_to_call_a_tool_is_refused(peer, model, ask):
    for choice in ("required", "look"):
        with pytest.raises(Unsupported, match="tool_choice"):
            await ask(model(), tools=[LOOK], tool_choice=choice)
    assert peer.requests == []


async def test_references_in_the_parameters_of_a_tool_are_resolved(peer, model, ask, end):
    parameters = {
        "type": "object",
        "properties": {"spot": {"$ref": "#/$defs/Spot", "description": "Where."}, "tree": {"$ref": "#/$defs/Tree"}},
        "$defs": {
            "Spot": {"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}},
            "Tree": {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}},
            "X": {"type": "number"},
        },
    }
    before = json.dumps(parameters)
    body = await sent(peer, model(), ask, end, tools=[ToolSchema("go", "", parameters)])
    got = body["tools"][0]["function"]["parameters"]
    assert "$ref" not in json.dumps(got)
    spot, tree = got["properties"]["spot"], got["properties"]["tree"]
    assert spot == {"type": "object", "properties": {"x": {"type": "number"}}, "description": "Where."}
    assert tree["properties"]["below"]["items"] == {"type": "object"}
    assert json.dumps(parameters) == before


async def test_a_schema_that_grows_without_bound_is_cut(peer, model, ask, end):
    twice = {
        f"L{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/L{n + 1}"} for k in "ab"}} for n in range(40)
    }
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/L0"}}, "$defs": twice}
    body = await sent(peer, model(), ask, end, tools=[ToolSchema("go", "", parameters)])
    assert len(json.dumps(body)) < 4_000_000


async def test_a_tool_without_parameters_has_empty_ones(peer, model, ask, end):
    body = await sent(peer, model(), ask, end, tools=[ToolSchema("go", "Go.", {})])
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
