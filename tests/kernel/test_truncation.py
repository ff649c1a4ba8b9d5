from collections.abc import Sequence

import pytest

from trouplet import ReActAgent
from trouplet.conversation import Truncated
from trouplet.errors import Unsupported
from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import TokenCount, ToolSchema
from trouplet.testing import ScriptedModel, validate_history
from trouplet.testing.plain_formatter import PlainFormatter


class Letters:
    """Counts a letter as a token, ten for what has no text, five for the request and a hundred for a tool."""

    def __init__(self) -> None:
        self.passes = 0

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        self.passes += 1
        return TokenCount([len(msg.text) or 10 for msg in messages], 5 + 100 * len(tools))


def said(text: str) -> Msg:
    return Msg("Ann", text)


def answered(text: str) -> Msg:
    return Msg("Friday", text, "assistant")


def step(id: str) -> list[Msg]:
    result = ToolResultBlock(id, "look", (TextBlock("a cup"),))
    return [Msg("Friday", ToolUseBlock(id, "look", {}), "assistant"), Msg("Friday", result, "tool")]


SYSTEM = Msg("system", "s" * 10, "system")
HISTORY = [SYSTEM, said("a" * 10), answered("b" * 10), said("c" * 10), *step("1"), *step("2"), answered("d" * 10)]


def truncated(max_tokens: int, **options: object) -> Truncated:
    return Truncated(PlainFormatter(), Letters(), max_tokens=max_tokens, **options)


@pytest.mark.parametrize(
    ("max_tokens", "left"),
    [(95, "sabc....d"), (94, "sc....d"), (75, "sc....d"), (74, "sc..d"), (55, "sc..d"), (54, "scd"), (35, "scd")],
)
async def test_whole_turns_go_first_and_then_the_steps_of_the_last(max_tokens: int, left: str) -> None:
    kept = await truncated(max_tokens).truncate(HISTORY)
    assert "".join([msg.text[:1] or "." for msg in kept]) == left
    validate_history(kept)


async def test_what_has_to_stay_is_refused_when_it_is_too_long() -> None:
    with pytest.raises(Unsupported, match="1 tokens too long for 34"):
        await truncated(34).truncate(HISTORY)


async def test_a_history_that_fits_is_the_same_object() -> None:
    assert await truncated(95).truncate(HISTORY) is HISTORY


async def test_tools_are_counted() -> None:
    tools = [ToolSchema("look", "Look.", {})]
    assert len(await truncated(194, tools=tools).truncate(HISTORY)) == 7


@pytest.mark.parametrize("turns", [10, 1000])
async def test_a_history_is_counted_in_one_pass(turns: int) -> None:
    formatter = truncated(50)
    await formatter.truncate([msg for _ in range(turns) for msg in (said("a" * 10), answered("b" * 10))])
    assert formatter.counter.passes == 1


async def test_a_hint_of_the_system_does_not_begin_a_turn() -> None:
    hint = Msg("system", "<system-hint>Go on.</system-hint>", "user")
    kept = await truncated(75).truncate([said("q" * 10), answered("b" * 30), hint, answered("d" * 10)])
    assert [msg.text[:1] for msg in kept] == ["q", "<", "d"]


async def test_a_conversation_without_a_question_keeps_its_last_step() -> None:
    kept = await truncated(25).truncate([answered("a" * 10), *step("1"), answered("b" * 10), *step("2")])
    assert [msg.role for msg in kept] == ["assistant", "tool"]


async def test_the_run_says_how_much_was_left_out() -> None:
    model = ScriptedModel(["one", "two", "three"])
    agent = ReActAgent("Friday", model=model, formatter=truncated(30))

    async def formats(request: object, scope: object) -> None:
        await agent.formatter.format(request.messages)

    agent.hooks.add("before_reasoning", formats)
    replies = [await agent(text * 10) for text in "abc"]
    assert [len(reply.notes) for reply in replies] == [0, 0, 1]
    assert "oldest 2 of 5 messages" in replies[2].notes[0]
    assert len(await agent.memory.get()) == 6
