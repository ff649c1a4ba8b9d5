"""The contract of working memories."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import InvalidHistory
from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.testing.contracts.contract import Contract

if TYPE_CHECKING:
    from trouplet.ports import Memory


def _call(*ids: str) -> Msg:
    return Msg("Friday", [ToolUseBlock(id, "look", {}) for id in ids], "assistant")


def _results(*ids: str) -> Msg:
    return Msg("Friday", [ToolResultBlock(id, "look", (TextBlock("A cup."),)) for id in ids], "tool")


class MemoryContract(Contract):
    """What every working memory keeps. Override ``make``."""

    async def make(self) -> Memory:
        """Return a new, empty memory, independent of those made before."""
        raise NotImplementedError(f"{type(self).__name__} makes no memory")

    @pytest.mark.asyncio
    async def test_messages_come_back_in_the_order_in_which_they_were_added(self) -> None:
        memory = await self.make()
        messages = [Msg("Ann", f"number {number}") for number in range(20)]
        await memory.add(messages[:7])
        await memory.add(messages[7:])
        assert await _held(memory) == [msg.id for msg in messages]

    @pytest.mark.asyncio
    async def test_a_message_comes_back_as_it_was(self) -> None:
        memory = await self.make()
        said = Msg("Ann", [TextBlock("茶, please", {"kept": "as it is"})], "user", {"mood": "thirsty"})
        await memory.add([said, _call("call_1"), _results("call_1")])
        held = next(iter(await memory.get()))
        assert (held.name, held.role, held.id, held.timestamp) == (said.name, said.role, said.id, said.timestamp)
        assert (held.content, held.metadata) == (said.content, said.metadata)

    @pytest.mark.asyncio
    async def test_a_message_that_is_there_already_is_skipped(self) -> None:
        memory = await self.make()
        first, second = Msg("Ann", "one"), Msg("Ann", "two")
        await memory.add([first])
        await memory.add([first, second])
        assert await _held(memory) == [first.id, second.id]

    @pytest.mark.asyncio
    async def test_two_memories_share_nothing(self) -> None:
        one, other = await self.make(), await self.make()
        await one.add([Msg("Ann", "secret")])
        assert list(await other.get()) == []

    @pytest.mark.asyncio
    async def test_marks_choose_messages(self) -> None:
        memory = await self.make()
        plain, hint, both = Msg("Ann", "plain"), Msg("Ann", "hint"), Msg("Ann", "both")
        await memory.add([plain])
        await memory.add([hint], marks=["hint"])
        await memory.add([both], marks=["hint", "old"])
        assert [msg.id for msg in await memory.get(mark="hint")] == [hint.id, both.id]
        assert [msg.id for msg in await memory.get(exclude_mark="old")] == [plain.id, hint.id]
        assert [msg.id for msg in await memory.get(mark="hint", exclude_mark="old")] == [hint.id]
        assert list(await memory.get(mark="unknown")) == []

    @pytest.mark.asyncio
    async def test_deleted_messages_are_gone_and_counted(self) -> None:
        memory = await self.make()
        first, second = Msg("Ann", "one"), Msg("Ann", "two")
        await memory.add([first, second])
        assert await memory.delete([first.id, "unknown"]) == 1
        assert await _held(memory) == [second.id]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("deleted", ["the call", "the results"])
    async def test_a_call_and_its_results_are_deleted_together(self, deleted: str) -> None:
        memory = await self.make()
        call, results = _call("call_1", "call_2"), _results("call_1", "call_2")
        after = Msg("Friday", "Done.", "assistant")
        await memory.add([call, results, after])
        assert await memory.delete([call.id if deleted == "the call" else results.id]) == 2
        assert await _held(memory) == [after.id]

    @pytest.mark.asyncio
    async def test_a_result_without_its_call_is_refused(self) -> None:
        memory = await self.make()
        with pytest.raises(InvalidHistory):
            await memory.add([_results("call_1")])
        assert list(await memory.get()) == []

    @pytest.mark.asyncio
    async def test_nothing_comes_between_a_call_and_its_results(self) -> None:
        memory = await self.make()
        await memory.add([_call("call_1")])
        with pytest.raises(InvalidHistory):
            await memory.add([Msg("Ann", "Hello?")])
        await memory.add([_results("call_1"), Msg("Ann", "Hello?")])
        assert [msg.role for msg in await memory.get()] == ["assistant", "tool", "user"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("answered", [("call_1",), ("call_1", "call_2", "call_2"), ("call_1", "call_3")])
    async def test_results_that_do_not_fit_their_calls_are_refused(self, answered: tuple[str, ...]) -> None:
        memory = await self.make()
        await memory.add([_call("call_1", "call_2")])
        with pytest.raises(InvalidHistory):
            await memory.add([_results(*answered)])

    @pytest.mark.asyncio
    async def test_messages_that_are_refused_leave_nothing_behind(self) -> None:
        memory = await self.make()
        with pytest.raises(InvalidHistory):
            await memory.add([Msg("Ann", "fine"), _results("call_1")])
        assert list(await memory.get()) == []

    @pytest.mark.asyncio
    async def test_clearing_forgets_everything(self) -> None:
        memory = await self.make()
        msg = Msg("Ann", "one")
        await memory.add([msg, _call("call_1")], marks=["hint"])
        await memory.clear()
        assert list(await memory.get()) == []
        await memory.add([msg])
        assert await _held(memory) == [msg.id]
        assert list(await memory.get(mark="hint")) == []

    @pytest.mark.asyncio
    async def test_what_was_got_does_not_change_when_more_is_added(self) -> None:
        memory = await self.make()
        await memory.add([Msg("Ann", "one")])
        held = await memory.get()
        await memory.add([Msg("Ann", "two")])
        assert len(held) == 1

    @pytest.mark.asyncio
    async def test_messages_added_at_the_same_time_are_all_kept(self) -> None:
        memory = await self.make()
        messages = [Msg("Ann", f"number {number}") for number in range(50)]
        await asyncio.gather(*[memory.add([msg]) for msg in messages])
        assert sorted(await _held(memory)) == sorted([msg.id for msg in messages])


async def _held(memory: Memory) -> list[str]:
    return [msg.id for msg in await memory.get()]
