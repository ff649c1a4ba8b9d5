"""What OpenAI's own models and addresses change in a request to Chat Completions."""

import httpx
import pytest

from trouplet import Kernel
from trouplet.errors import MissingKey
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet_completions.request_body import RequestBody
from trouplet_openai import OpenAIChatModel
from trouplet_openai.catalog import model_info
from trouplet_openai.chat import openai_dialect
from trouplet_openai.reasoning import effort_of

OPENAI = "https://api.openai.com/v1"
AZURE = "https://x.openai.azure.com/openai/v1"
OTHER = "http://127.0.0.1/v1"
WEATHER = ToolSchema("get_weather", "Say how the weather is.", {"type": "object", "properties": {}})


def body(options, *, model="gpt-5.6-luna", base_url=OPENAI, **request):
    dialect = openai_dialect(model_info("openai", model), base_url, include_usage=False)
    made = RequestBody(model, options, dialect, stream=False).build(ModelRequest([], **request), [])
    return {name: value for name, value in made.items() if name not in ("model", "messages", "tools")}


def test_openai_wants_a_key_and_others_do_not():
    with pytest.raises(MissingKey) as caught:
        OpenAIChatModel("gpt-5-mini")
    assert caught.value.code == "TP-101"
    OpenAIChatModel("gpt-5-mini", base_url="http://localhost:8000/v1")


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        (OPENAI, "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        (AZURE, "max_completion_tokens"),
        (OTHER, "max_tokens"),
        ("https://api.openai.com.evil.example/v1", "max_tokens"),
    ],
)
def test_max_tokens_has_the_name_that_the_endpoint_knows(base_url, name):
    assert body({"max_tokens": 9}, base_url=base_url) == {name: 9}
    assert body({"max_completion_tokens": 9}, base_url=base_url) == {"max_completion_tokens": 9}


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.5", "gpt-5.6-luna", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-terra"])
@pytest.mark.parametrize("base_url", [OPENAI, AZURE])
def test_models_that_take_tools_only_without_reasoning_are_asked_not_to_reason(model, base_url):
    asked = {"model": model, "base_url": base_url}
    assert body({}, tools=[WEATHER], **asked) == {"reasoning_effort": "none"}
    assert body({"thinking": "high"}, tools=[WEATHER], **asked) == {"reasoning_effort": "none"}
    assert body({"thinking": "high"}, **asked) == {"reasoning_effort": "high"}


@pytest.mark.parametrize(("model", "base_url"), [("gpt-5-mini", OPENAI), ("gpt-6-sol", OTHER), ("gpt-4.1", OPENAI)])
def test_others_are_left_to_reason_with_tools(model, base_url):
    assert body({}, tools=[WEATHER], model=model, base_url=base_url) == {}


@pytest.mark.parametrize("model", ["gpt-6.2-astra", "gpt-6.2-sol", "gpt-6.1-sol", "gpt-6-astra"])
def test_models_that_cannot_but_reason_take_no_tools_in_chat_completions(model):
    at_openai = OpenAIChatModel(model, api_key="sk-1").info.capabilities
    assert not at_openai & {"tools", "tool_choice", "parallel_tools", "json_schema_tools"}
    assert "json_schema" in at_openai
    assert "tools" in OpenAIChatModel(model, base_url=OTHER).info.capabilities


@pytest.mark.parametrize(
    ("model", "options", "kept"),
    [
        ("gpt-5-mini", {}, {}),
        ("gpt-6-sol", {"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        ("gpt-6-sol", {"thinking": False}, {"reasoning_effort": "none", "temperature": 0.5, "stop": ["END"]}),
        ("gpt-5.4-mini", {}, {"temperature": 0.5, "stop": ["END"]}),
        ("gpt-4.1", {}, {"temperature": 0.5, "stop": ["END"]}),
        ("ft:gpt-4.1-mini-2025-04-14:acme::abc", {}, {"temperature": 0.5, "stop": ["END"]}),
    ],
)
def test_a_model_that_reasons_is_sent_no_sampling_options(model, options, kept):
    assert body({"temperature": 0.5, "stop": ["END"], **options}, model=model) == kept
    everything = body({"temperature": 0.5, "stop": ["END"]}, model=model, base_url=AZURE)
    assert everything == {"temperature": 0.5, "stop": ["END"]}  # the name of a deployment tells nothing for sure


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("gpt-6-sol", (None, "none", "low")),
        ("gpt-6.1-sol", (None, "low", "low")),
        ("gpt-6.2-astra", (None, "low", "low")),
        ("gpt-5.4", ("medium", "none", "low")),
        ("gpt-5-mini-2025-08-07", (None, "minimal", "low")),
        ("gpt-5.5-pro", (None, "medium", "medium")),
        ("gpt-5-pro", (None, "high", "high")),
        ("o3", (None, "low", "low")),
        ("gpt-9", (None, "none", "low")),
    ],
)
def test_thinking_is_the_nearest_effort_that_a_model_has(model, efforts):
    assert tuple([effort_of(model, thinking) for thinking in (True, False, "low")]) == efforts


@pytest.mark.parametrize(
    ("api", "notes"),
    [
        ("chat", ["gpt-6-sol was asked not to reason: it takes tools in Chat Completions only then"]),
        ("responses", ["temperature was left out", "stop was left out"]),
    ],
)
async def test_what_is_left_out_of_a_request_is_noted(api, notes):
    def answer(request):
        if api == "chat":
            return httpx.Response(200, json={"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
        return httpx.Response(200, json={"status": "completed", "output": []})

    def look() -> str:
        """Look."""
        return "Nothing."

    options = {"temperature": 0.5, "stop": "END", "thinking": "high"}
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client,
        Kernel(environ={}, keys={"openai": "sk-1"}) as kernel,
    ):
        model = kernel.model("openai:gpt-6-sol", api=api, stream=False, client=client, **options)
        reply = await kernel.agent("Friday", model=model, tools=[look])("Hello")
    for told in notes:
        assert any(told in note for note in reply.notes)
