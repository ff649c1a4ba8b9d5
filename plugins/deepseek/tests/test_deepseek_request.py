"""What is sent, and what a model that thinks cannot be asked for."""

import pytest

from trouplet.errors import BadSetting
from trouplet.model_io import ToolSchema

LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})


@pytest.fixture
def sent(peer, ask, delta):
    async def send(model, **fields):
        peer.answers([delta("stop", content="Yes.")])
        await ask(model, **fields)
        return peer.body

    return send


@pytest.mark.parametrize(
    ("thinking", "mode", "effort"),
    [
        (False, "disabled", None), (0, "disabled", None), (True, "enabled", None), ("low", "enabled", "low"),
        ("medium", "enabled", "high"), ("high", "enabled", "high"), (2048, "enabled", "low"),
        (16384, "enabled", "high"), (100_000, "enabled", "max"),
    ],
)  # fmt: skip
async def test_thinking_is_asked_for_as_deepseek_knows_it(model, sent, thinking, mode, effort):
    body = await sent(model(thinking=thinking))
    assert body["thinking"] == {"type": mode}
    assert body.get("reasoning_effort") == effort


async def test_without_a_word_the_mode_is_deepseeks_own(model, sent):
    body = await sent(model())
    assert "thinking" not in body
    assert "reasoning_effort" not in body
    assert body["stream_options"] == {"include_usage": True}


async def test_the_most_effort_has_a_name_of_its_own(model, sent):
    assert (await sent(model(reasoning_effort="max")))["reasoning_effort"] == "max"


def test_two_words_for_the_effort_are_refused(model):
    with pytest.raises(BadSetting, match="reasoning_effort"):
        model(reasoning_effort="max", thinking="low")


async def test_options_of_deepseek_are_sent_and_others_refused(model, sent):
    body = await sent(model(max_tokens=99, user_id="u-1", response_format={"type": "json_object"}, logprobs=True))
    assert (body["max_tokens"], body["user_id"], body["logprobs"]) == (99, "u-1", True)
    assert body["response_format"] == {"type": "json_object"}
    with pytest.raises(BadSetting, match="extra_body"):
        model(seed=1)


@pytest.mark.parametrize("choice", ["required", "look"])
async def test_a_model_that_thinks_is_not_made_to_call_a_tool(model, sent, choice):
    assert "tool_choice" not in await sent(model(), tools=[LOOK], tool_choice=choice)


async def test_a_model_that_thinks_may_still_be_kept_from_tools(model, sent):
    assert (await sent(model(), tools=[LOOK], tool_choice="none"))["tool_choice"] == "none"


async def test_leaving_the_choice_to_it_needs_no_word(model, sent):
    assert "tool_choice" not in await sent(model(), tools=[LOOK], tool_choice="auto")


async def test_one_that_does_not_think_can_be_made_to_call_a_tool(model, sent):
    body = await sent(model(thinking=False), tools=[LOOK], tool_choice="look")
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look"}}


async def test_the_mode_of_one_call_decides_for_that_call(model, peer, ask, delta):
    peer.answers([delta("stop", content="Yes.")])
    await ask(model(), tools=[LOOK], tool_choice="required", options={"thinking": False})
    await ask(model(thinking=False), tools=[LOOK], tool_choice="required", options={"thinking": True})
    assert [body.get("tool_choice") for body in peer.bodies] == ["required", None]


def test_what_a_model_can_do_depends_on_whether_it_thinks(model):
    assert "tool_choice" not in model().info.capabilities
    assert "tool_choice" not in model(thinking="high").info.capabilities
    assert "tool_choice" in model(thinking=False).info.capabilities
    assert "tool_choice" in model(extra_body={"thinking": {"type": "disabled"}}).info.capabilities
    assert "json_schema" not in model(thinking=False).info.capabilities


async def test_a_run_is_told_what_has_no_effect(model, peer, delta, tmp_path):
    from trouplet import Kernel

    peer.answers([delta("stop", content="Yes.")])
    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        for thinking, told in ((None, True), (False, False)):
            agent = kernel.agent("Friday", model=model(temperature=0.2, thinking=thinking))
            reply = await agent("Hello?")
            assert any("temperature has no effect" in note for note in reply.notes) is told
