import pytest

from trouplet import InMemoryMemory, Msg, ToolResultBlock, ToolUseBlock
from trouplet.errors import InvalidHistory
from trouplet.messages import TextBlock
from trouplet.testing.contracts import MemoryContract

CALL = Msg("Friday", [ToolUseBlock("1", "add", {}), ToolUseBlock("2", "add", {})], "assistant")
RESULTS = Msg(
    "Friday", [ToolResultBlock("1", "add", (TextBlock("a"),)), ToolResultBlock("2", "add", (TextBlock("b"),))], "tool"
)


class TestInMemoryMemory(MemoryContract):
    async def make(self) -> InMemoryMemory:
        return InMemoryMemory()


async def test_a_call_is_never_parted_from_its_result() -> None:
    memory = InMemoryMemory([Msg("user", "go"), CALL])
    with pytest.raises(InvalidHistory, match="separate"):
        await memory.add([Msg("user", "hello?")])
    with pytest.raises(InvalidHistory, match="separate"):
        await memory.add([Msg("Friday", RESULTS.content[:1], "tool")])
    await memory.add([RESULTS])
    assert await memory.size() == 3


async def test_a_result_without_a_call_is_refused_and_nothing_is_added() -> None:
    memory = InMemoryMemory()
    with pytest.raises(InvalidHistory, match="without a call"):
        await memory.add([Msg("user", "hi"), RESULTS])
    assert await memory.size() == 0


async def test_deleting_a_call_deletes_its_results() -> None:
    memory = InMemoryMemory([Msg("user", "go"), CALL, RESULTS])
    assert await memory.delete([CALL.id]) == 2
    assert [msg.text for msg in await memory.get()] == ["go"]


async def test_marks_select_messages() -> None:
    memory = InMemoryMemory([Msg("user", "a")])
    await memory.add([Msg("user", "hint")], marks=["hint"])
    assert [msg.text for msg in await memory.get(mark="hint")] == ["hint"]
    assert [msg.text for msg in await memory.get(exclude_mark="hint")] == ["a"]


async def test_the_state_comes_back() -> None:
    memory = InMemoryMemory([Msg("user", "go"), CALL, RESULTS])
    await memory.add([Msg("user", "x")], marks=["m"])
    other = InMemoryMemory()
    other.load_state_dict(memory.state_dict())
    assert await other.get() == await memory.get()
    assert await other.get(mark="m") == await memory.get(mark="m")
