"""The contract of token counters."""

from __future__ import annotations

import asyncio
import copy
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema
from trouplet.testing.contracts.closable import Closable
from trouplet.testing.contracts.contract import Contract
from trouplet.testing.fault_server import READ, FaultServer, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from trouplet.messages import ContentBlock
    from trouplet.model_io import TokenCount
    from trouplet.ports import TokenCounter
    from trouplet.testing.fault_server import Request, Script

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_TOOL = ToolSchema("brew", "Brew tea.", {"type": "object", "properties": {"kind": {"type": "string"}}})
_UNICODE = ["茶", "🫖 👩\u200d🍳", "a\u2028b", "a\x00b", "a\ud83cb", "\ufeff", "e\u0301", "\U000e0041"]


@dataclass(slots=True)
class _Counting:
    counter: TokenCounter
    server: FaultServer


class TokenCounterContract(Contract):
    """What every token counter keeps. Override ``make``, and ``answer`` if it asks the provider."""

    counts_images = True

    def make(self, base_url: str) -> TokenCounter:
        """Return a new counter; one that asks its provider asks at ``base_url``."""
        raise NotImplementedError(f"{type(self).__name__} makes no token counter")

    def answer(self, body: Mapping[str, object], tokens: int) -> Mapping[str, object]:
        """Return what the provider answers to a request with this body: that it counts so many tokens."""
        raise NotImplementedError(f"{type(self).__name__} asks its provider, but does not say how that answers")

    @pytest.mark.asyncio
    async def test_each_message_has_its_number(self) -> None:
        made = await self._count(_history(), [_TOOL])
        assert len(made.messages) == len(_history())
        numbers = [*made.messages, made.overhead]
        assert all([type(number) is int and number >= 0 for number in numbers]), f"no numbers of tokens: {made}"
        assert made.total > len(made.messages)

    @pytest.mark.asyncio
    async def test_no_messages_have_no_numbers(self) -> None:
        made = await self._count([])
        assert list(made.messages) == []
        assert made.total >= 0

    @pytest.mark.asyncio
    async def test_a_history_is_counted_in_one_pass(self) -> None:
        async with self._counting() as one:
            await one.counter.count(_history(), [_TOOL])
            assert len(one.server.requests) <= 1, f"{len(one.server.requests)} requests for one history"

    @pytest.mark.asyncio
    async def test_longer_text_never_counts_less(self) -> None:
        sums = [(await self._count([Msg("Ann", "Tea and bread. " * length)])).total for length in (1, 2, 5, 20, 100)]
        assert sums == sorted(sums), f"counts of growing texts: {sums}"
        assert sums[-1] > 10 * (sums[1] - sums[0] or 1), f"the length of a text hardly counts: {sums}"

    @pytest.mark.asyncio
    async def test_more_messages_never_count_less(self) -> None:
        history = _history()
        sums = [(await self._count(history[:length])).total for length in range(1, len(history) + 1)]
        assert sums == sorted(sums), f"counts of a growing history: {sums}"

    @pytest.mark.asyncio
    async def test_tools_cost_tokens(self) -> None:
        history = [Msg("Ann", "Tea, please.")]
        without, with_one = await self._count(history), await self._count(history, [_TOOL])
        with_two = await self._count(history, [_TOOL, ToolSchema("fetch", "Fetch a thing.", _TOOL.parameters)])
        assert without.total < with_one.total < with_two.total, "tools cost nothing"

    @pytest.mark.asyncio
    async def test_tools_belong_to_no_message(self) -> None:
        history = [Msg("Ann", "Tea, please."), Msg("Friday", "Which?", "assistant"), Msg("Ann", "Green.")]
        without, with_tools = await self._count(history), await self._count(history, [_TOOL])
        assert with_tools.overhead > without.overhead, "the tools are not in the overhead"

    @pytest.mark.asyncio
    async def test_everything_in_a_message_counts(self) -> None:
        asked = Msg("Ann", "Look.")
        call, result = _history()[3], _history()[4]
        plain = (await self._count([asked])).total
        assert (await self._count([asked, call])).total > plain, "a tool call costs nothing"
        assert (await self._count([asked, call, result])).total > (await self._count([asked, call])).total, (
            "a tool result costs nothing"
        )

    @pytest.mark.asyncio
    async def test_an_image_costs_tokens(self) -> None:
        if not self.counts_images:
            pytest.skip("not applicable: vision")
        picture = ImageBlock(Base64Source("image/png", _PIXEL))
        with_it = await self._count([Msg("Ann", [TextBlock("What is this?"), picture])])
        assert with_it.total > (await self._count([Msg("Ann", "What is this?")])).total, "an image costs nothing"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("text", _UNICODE, ids=ascii)
    async def test_any_text_can_be_counted(self, text: str) -> None:
        assert (await self._count([Msg("Ann", f"before {text} after")])).total > 0

    @pytest.mark.asyncio
    async def test_the_same_history_counts_the_same(self) -> None:
        async with self._counting() as one:
            first = _numbers(await one.counter.count(_history(), [_TOOL]))
            assert _numbers(await one.counter.count(_history(), [_TOOL])) == first
        assert _numbers(await self._count(_history(), [_TOOL])) == first

    @pytest.mark.asyncio
    async def test_histories_are_counted_at_the_same_time(self) -> None:
        histories = [_history()[:length] for length in range(1, len(_history()) + 1)]
        async with self._counting() as one:
            together = await asyncio.gather(*[one.counter.count(history) for history in histories])
        assert [_numbers(made) for made in together] == [_numbers(await self._count(history)) for history in histories]

    @pytest.mark.asyncio
    async def test_the_messages_are_not_changed(self) -> None:
        history = _history()
        before = [copy.deepcopy((msg.id, msg.role, msg.name, msg.content)) for msg in history]
        await self._count(history)
        assert [(msg.id, msg.role, msg.name, msg.content) for msg in history] == before

    @pytest.mark.asyncio
    async def test_the_cost_of_counting_grows_with_the_history_and_no_faster(self) -> None:
        async with self._counting() as one:
            small, large = [await _cost(one.counter, length) for length in (250, 1000)]
        assert large < 10 * small, f"4 times the messages cost {large / small:.1f} times as much"

    async def _count(self, history: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        async with self._counting() as one:
            return await one.counter.count(history, tools)

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[_Counting]:
        def respond(request: Request) -> Script:
            body = json.loads(request.body)
            return response(json.dumps(self.answer(body, _size(body))).encode()), READ

        async with FaultServer(respond=respond) as server:
            counter = self.make(server.url)
            try:
                yield _Counting(counter, server)
            finally:
                if isinstance(counter, Closable):
                    await counter.aclose()


def _numbers(made: TokenCount) -> list[int]:
    return [*made.messages, made.overhead]


def _size(value: object) -> int:
    """Count something like tokens: enough to tell bodies apart by how much they hold."""
    return 10 + len(json.dumps(value)) // 4


async def _cost(counter: TokenCounter, length: int) -> float:
    """Return the CPU seconds that a history takes, at best."""
    best = float("inf")
    for _ in range(3):
        history = [Msg("Ann", f"Message {number}, some words.") for number in range(length)]
        begun = process_time()
        await counter.count(history)
        best = min(best, process_time() - begun)
    return best


def _history() -> list[Msg]:
    called: list[ContentBlock] = [
        ThinkingBlock("Both can be done at once."),
        TextBlock("A moment."),
        ToolUseBlock("call_1", "look", {}),
        ToolUseBlock("call_2", "brew", {"kind": "green", "minutes": 3}, '{"kind": "green", "minutes": 3}'),
    ]
    returned: list[ContentBlock] = [
        ToolResultBlock("call_1", "look", (TextBlock("One clean cup."),)),
        ToolResultBlock("call_2", "brew", (TextBlock("The stove is off."),), "error"),
    ]
    return [
        Msg("system", "You make tea.", "system"),
        Msg("Ann", "Is there water? 茶"),
        Msg("Friday", "There is a full kettle.", "assistant"),
        Msg("Friday", called, "assistant"),
        Msg("Friday", returned, "tool"),
        Msg("Ann", "Thank you."),
    ]
