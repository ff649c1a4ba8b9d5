import json
from typing import Any

import pytest

from trouplet import Msg, ReActAgent, ToolResultBlock
from trouplet.codec import dump_msg, dump_state, load_msg, load_state
from trouplet.errors import NewerFormat, NotStorable, StateError
from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    URLSource,
    VideoBlock,
)
from trouplet.testing import ScriptedModel, call
from trouplet.tool_io import Allow

EVERYTHING = Msg(
    "Ann\u2028\x00😀",
    [
        TextBlock('{"type": "tool_use"} <history>', {"gemini": {"signature": "s"}}),
        ThinkingBlock("hm", {"anthropic": {"signature": "s"}}),
        ToolUseBlock("1", "add", {"a": [1, {"b": None}]}, '{"a": [1, {"b": null}]}'),
        ImageBlock(URLSource("https://example.com/a.png", "image/png")),
        AudioBlock(Base64Source("audio/wav", "QUJD")),
        VideoBlock(URLSource("file.mp4")),
    ],
    "assistant",
    {"type": "Msg", "nested": {"format": 99}},
)


def test_a_message_comes_back_as_it_was() -> None:
    back = load_msg(json.loads(json.dumps(dump_msg(EVERYTHING))))
    assert back == EVERYTHING
    assert (back.content, back.metadata, back.timestamp) == (
        EVERYTHING.content,
        EVERYTHING.metadata,
        EVERYTHING.timestamp,
    )


def test_a_tool_result_comes_back_with_its_media() -> None:
    result = ToolResultBlock("1", "draw", (TextBlock("a"), ImageBlock(URLSource("b"))), "interrupted", {"c": 1})
    msg = Msg("Friday", result, "tool")
    assert load_msg(dump_msg(msg)).content == (result,)


def test_a_value_without_a_json_form_is_named() -> None:
    with pytest.raises(NotStorable, match="metadata of message"):
        dump_msg(Msg("a", "b", metadata={"x": object()}))


@pytest.mark.parametrize(
    "damage",
    [
        {"content": [{"type": "code", "text": "x"}]}, {"content": [{"type": "text"}]}, {"role": "root"},
        {"format": None}, {"format": True}, {"timestamp": "yesterday"},
        {"content": [{"type": "text", "text": "x", "__class__": "y"}]},
        {"content": "text"},
    ],
)  # fmt: skip
def test_damaged_data_is_an_error_and_never_half_read(damage: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        load_msg({**dump_msg(EVERYTHING), **damage})


def test_data_of_a_newer_format_is_refused() -> None:
    with pytest.raises(NewerFormat, match="format 2"):
        load_msg({**dump_msg(EVERYTHING), "format": 2})


async def test_a_parked_run_goes_on_from_its_stored_state() -> None:
    ran: list[int] = []

    async def risky(n: int) -> str:
        """Do something."""
        ran.append(n)
        return f"did {n}"

    from trouplet import tool

    model = ScriptedModel([[call("risky", n=1), call("harmless", n=2)], "done"])

    async def harmless(n: int) -> str:
        """Do nothing."""
        ran.append(n)
        return "nothing"

    agent = ReActAgent("Friday", model=model, tools=[tool(risky, requires_approval=True), harmless])
    stream = agent.stream("go")
    async for _ in stream:
        pass
    stored = json.dumps(dump_state(stream.state))
    state = load_state(json.loads(stored))
    assert dump_state(state) == json.loads(stored)
    reply = await agent.resume(state, {id: Allow() for id in state.asks})
    assert reply.text == "done"
    assert ran == [2, 1]
