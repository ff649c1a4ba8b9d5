"""The contract of formatters."""

from __future__ import annotations

import asyncio
import copy
import json
from time import process_time
from typing import TYPE_CHECKING

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.testing.contracts.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.messages import ContentBlock
    from trouplet.model_io import TokenCount, ToolSchema
    from trouplet.ports import Formatter

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


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
    """What every formatter keeps. Override ``make``.

    ``takes_media`` is False for a formatter whose provider takes text only.
    """

    takes_media = True

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

    @pytest.mark.asyncio
    async def test_media_in_results_come_with_their_result_or_after_all_results(self) -> None:
        if not self.takes_media:
            pytest.skip("not applicable: media")
        wire = [json.dumps(one, ensure_ascii=False) for one in await self.make().format(_shown())]
        with_media = [place for place, one in enumerate(wire) if _PIXEL in one]
        with_result = [place for place, one in enumerate(wire) if "One clean cup." in one or "A second cup." in one]
        assert with_media, "the image that a tool returned is not sent"
        assert with_result, "the text that a tool returned is not sent"
        between = [place for place in with_media if place not in with_result and place < with_result[-1]]
        assert not between, "an image stands between the results of parallel calls"

    @pytest.mark.asyncio
    async def test_the_thinking_of_another_provider_is_not_sent(self) -> None:
        thought = ThinkingBlock("Foreign thoughts.", {"elsewhere": {"signature": "foreign-mark"}})
        history = [Msg("Ann", "Well?"), Msg("Friday", [thought, TextBlock("Yes.")], "assistant"), Msg("Ann", "Go on.")]
        wire = json.dumps(await self.make().format(history))
        assert "foreign-mark" not in wire, "the signature of another provider is sent"
        assert "Foreign thoughts." not in wire, "the thinking of another provider is sent"

    @pytest.mark.asyncio
    async def test_a_message_looks_the_same_wherever_it_stands(self) -> None:
        history, formatter = _long(12), self.make()
        await formatter.format(history)
        for start in range(0, len(history), 4):
            part = history[start:]
            assert await formatter.format(part) == await self.make().format(part), (
                "what is kept of a message depends on its place in the history"
            )

    @pytest.mark.asyncio
    @pytest.mark.parametrize("most", [40, 200, 600])
    async def test_a_truncated_history_keeps_calls_and_results_together(self, most: int) -> None:
        from trouplet.conversation import Truncated

        history = _long(40)
        truncated = Truncated(self.make(), _Letters(), max_tokens=most)
        wire = json.dumps(await truncated.format(history))
        calls = {number for number in range(40) if f"thing-{number}-wanted" in wire}
        results = {number for number in range(40) if f"thing-{number}-found" in wire}
        assert calls == results, "a call was separated from its result"
        assert wire == json.dumps(await self.make().format(await truncated.truncate(history)))

    @pytest.mark.asyncio
    async def test_the_cost_grows_with_the_history_and_no_faster(self) -> None:
        small, large = [await _cost(self.make(), length) for length in (125, 500)]
        assert large[0] < 12 * small[0], f"4 times the messages cost {large[0] / small[0]:.1f} times as much"

    @pytest.mark.asyncio
    async def test_what_was_formatted_before_costs_little(self) -> None:
        from trouplet.conversation import ChatFormatter

        formatter = self.make()
        if not isinstance(formatter, ChatFormatter):
            pytest.skip("not applicable: the formatter keeps no wire forms")
        first, second = await _cost(formatter, 500)
        assert second < first / 2, f"the second time costs {second / first:.0%} of the first"


def _texts(msg: Msg) -> list[str]:
    return [block.text for block in msg.content if isinstance(block, (TextBlock, ToolResultBlock))]


class _Letters:
    """Counts a letter as a token."""

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        from trouplet.model_io import TokenCount

        return TokenCount([len("".join(_texts(msg))) for msg in messages])


def _shown() -> list[Msg]:
    image = ImageBlock(Base64Source("image/png", _PIXEL))
    results = [
        ToolResultBlock("call_1", "look", (TextBlock("One clean cup."), image)),
        ToolResultBlock("call_2", "look", (TextBlock("A second cup."),)),
    ]
    calls = [ToolUseBlock("call_1", "look", {}), ToolUseBlock("call_2", "look", {})]
    return [Msg("Ann", "Look."), Msg("Friday", calls, "assistant"), Msg("Friday", results, "tool")]


def _long(turns: int) -> list[Msg]:
    """Return a history in which every turn has a call and its result."""
    made = [Msg("system", "You find things.", "system")]
    for number in range(turns):
        call = ToolUseBlock(f"call_{number}", "find", {"what": f"thing-{number}-wanted"})
        result = ToolResultBlock(f"call_{number}", "find", (TextBlock(f"thing-{number}-found"),))
        made += [
            Msg("Ann", f"Find number {number}."),
            Msg("Friday", call, "assistant"),
            Msg("Friday", result, "tool"),
            Msg("Friday", f"Here is number {number}.", "assistant"),
        ]
    return [*made, Msg("Ann", "Thanks.")]


async def _cost(formatter: Formatter, turns: int) -> tuple[float, float]:
    """Return the CPU seconds that a history takes the first and the second time, at best."""
    firsts, seconds = [], []
    for _ in range(3):
        history = _long(turns)
        begun = process_time()
        await formatter.format(history)
        between = process_time()
        await formatter.format(history)
        firsts.append(between - begun)
        seconds.append(process_time() - between)
    return min(firsts), min(seconds)
