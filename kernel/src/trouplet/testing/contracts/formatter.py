"""The contract of formatters."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import TYPE_CHECKING

import pytest

from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.testing.contracts.contract import Contract

if TYPE_CHECKING:
    from trouplet.messages import ContentBlock
    from trouplet.ports import Formatter


def _histories() -> dict[str, list[Msg]]:
    system = Msg("system", "You make tea.", "system")
    asked, answered = Msg("Ann", "Is there water? 茶"), Msg("Friday", "There is a full kettle.", "assistant")
    calls: list[ContentBlock] = [
        ThinkingBlock("Both can be done at once."),
        TextBlock("A moment."),
        ToolUseBlock("call_1", "look", {}),
        ToolUseBlock("call_2", "brew", {"kind": "green", "minutes": 3}, '{"kind": "green", "minutes": 3}'),
    ]
    results = [
        ToolResultBlock("call_1", "look", (TextBlock("One clean cup."),)),
        ToolResultBlock("call_2", "brew", (TextBlock("The stove is off."),), "error"),
    ]
    tools = [asked, Msg("Friday", calls, "assistant"), Msg("Friday", results, "tool")]
    broken_call = ToolUseBlock("call_3", "brew", {}, '{"kind": ')
    refused = ToolResultBlock("call_3", "brew", (TextBlock("The arguments are not valid JSON."),), "error")
    return {
        "one question": [asked],
        "a system prompt": [system, asked],
        "a conversation": [system, asked, answered, Msg("Ann", "Then make tea.")],
        "two calls at once": [system, *tools],
        "text after tool results": [system, *tools, answered, Msg("Ann", "Light the stove.")],
        "broken arguments": [asked, Msg("Friday", broken_call, "assistant"), Msg("Friday", refused, "tool")],
        "an interrupted turn": [*tools, Msg("Friday", "I was interrupted.", "assistant"), Msg("Ann", "Go on.")],
        "two messages in a row": [asked, Msg("Ann", "And cups?")],
    }


_NAMES = list(_histories())


class FormatterContract(Contract):
    """What every formatter keeps. Override ``make``."""

    def make(self) -> Formatter:
        """Return a new formatter."""
        raise NotImplementedError(f"{type(self).__name__} makes no formatter")

    @pytest.mark.asyncio
    @pytest.mark.parametrize("history", _NAMES)
    async def test_what_it_returns_is_a_list_of_json_objects(self, history: str) -> None:
        made = await self.make().format(_histories()[history])
        assert isinstance(made, list)
        assert made
        assert json.loads(json.dumps(made, allow_nan=False)) == made

    @pytest.mark.asyncio
    @pytest.mark.parametrize("history", _NAMES)
    async def test_every_text_and_result_is_sent_in_order(self, history: str) -> None:
        messages = _histories()[history]
        wire = json.dumps(await self.make().format(messages), ensure_ascii=False)
        texts = [text for msg in messages if msg.role != "system" for text in _texts(msg)]
        places = [wire.find(text) for text in texts]
        assert -1 not in places, f"not sent: {texts[places.index(-1)]!r}"
        assert places == sorted(places)

    @pytest.mark.asyncio
    async def test_the_system_prompt_is_sent(self) -> None:
        wire = json.dumps(await self.make().format(_histories()["a system prompt"]))
        assert "You make tea." in wire

    @pytest.mark.asyncio
    async def test_calls_are_sent_with_their_names_and_arguments(self) -> None:
        wire = json.dumps(await self.make().format(_histories()["two calls at once"]))
        assert wire.count("brew") >= 1
        assert "minutes" in wire
        assert "green" in wire

    @pytest.mark.asyncio
    async def test_the_messages_are_not_changed(self) -> None:
        for messages in _histories().values():
            before = [(msg.id, msg.role, msg.name, copy.deepcopy(msg.content)) for msg in messages]
            await self.make().format(messages)
            assert [(msg.id, msg.role, msg.name, msg.content) for msg in messages] == before

    @pytest.mark.asyncio
    async def test_the_same_history_gives_the_same_wire_form(self) -> None:
        formatter = self.make()
        for messages in _histories().values():
            first = copy.deepcopy(await formatter.format(messages))
            assert await formatter.format(messages) == first
            assert await self.make().format(messages) == first

    @pytest.mark.asyncio
    async def test_a_history_that_has_grown_is_formatted_as_if_it_were_new(self) -> None:
        messages = _histories()["text after tool results"]
        formatter = self.make()
        for length in range(1, len(messages) + 1):
            await formatter.format(messages[:length])
        assert await formatter.format(messages) == await self.make().format(messages)

    @pytest.mark.asyncio
    async def test_histories_are_formatted_at_the_same_time(self) -> None:
        formatter = self.make()
        histories = list(_histories().values())
        together = await asyncio.gather(*[formatter.format(messages) for messages in histories])
        assert together == [await self.make().format(messages) for messages in histories]


def _texts(msg: Msg) -> list[str]:
    return [block.text for block in msg.content if isinstance(block, (TextBlock, ToolResultBlock))]
