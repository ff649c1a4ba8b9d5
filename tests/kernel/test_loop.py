from typing import Any

import pytest

from trouplet import InMemoryMemory, ReActAgent, ToolResultBlock
from trouplet.errors import ModelError, OutputMissing, StreamInterrupted
from trouplet.loop import Action, next_action
from trouplet.messages import TextBlock, ToolUseBlock
from trouplet.model_io import Finish as FinishChunk
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.run_state import RunState
from trouplet.testing import ScriptedModel, Step, call, validate_history
from trouplet.tool_io import Ask


def state(**values: Any) -> RunState:
    return RunState("run", "Friday", 3, **values)


ADD = ToolUseBlock("1", "add", {})
ADD_RESULT = ToolResultBlock("1", "add", (TextBlock("3"),))


def test_a_new_run_calls_the_model() -> None:
    assert next_action(state()) == Action("call_model")


def test_open_calls_are_run() -> None:
    assert next_action(state(calls=[ADD])) == Action("run_tools", [ADD])


def test_a_call_that_waits_for_a_human_parks_the_run() -> None:
    assert next_action(state(calls=[ADD], asks={"1": Ask("May I?")})) == Action("ask_human")


def test_calls_that_wait_for_nobody_are_run_first() -> None:
    other = ToolUseBlock("2", "add", {})
    assert next_action(state(calls=[ADD, other], asks={"1": Ask("May I?")})) == Action("run_tools", [other])


def test_results_are_stored_when_every_call_has_one() -> None:
    assert next_action(state(step=1, calls=[ADD], results={"1": ADD_RESULT})) == Action("store_results")


def test_an_answer_without_calls_completes_the_run() -> None:
    assert next_action(state(step=1, answered=True)) == Action("finish", status="completed")


def test_the_step_limit_ends_the_run() -> None:
    assert next_action(state(step=3)) == Action("finish", status="limit")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def agent_of(*steps: Any, **options: Any) -> ReActAgent:
    return ReActAgent("Friday", model=ScriptedModel(steps), tools=[add], **options)


async def history(agent: ReActAgent) -> list[Any]:
    messages = list(await agent.memory.get())
    validate_history(messages)
    return messages


async def test_an_agent_answers_uses_its_tool_and_reports_the_result() -> None:
    agent = agent_of(call("add", a=1, b=2), "It is 3.")
    reply = await agent("What is 1 + 2?")
    assert (reply.text, reply.status, reply.usage.calls) == ("It is 3.", "completed", 2)
    _, question, result, _ = await history(agent)
    assert question.blocks(ToolUseBlock)[0].input == {"a": 1, "b": 2}
    assert result.blocks(ToolResultBlock)[0].text == "3"


async def test_the_step_limit_is_told_and_leaves_a_valid_history() -> None:
    agent = agent_of(*[call("add", a=1, b=2)] * 3, max_iters=3)
    reply = await agent("go")
    assert reply.status == "limit"
    assert "3 steps" in reply.text
    await history(agent)


@pytest.mark.parametrize("arguments", ['{"a": 1', '{"a": 1, "b": 2}', ""])
async def test_a_stream_that_ends_inside_of_a_call_never_runs_the_tool(arguments: str) -> None:
    ran = []

    def record(a: int = 0, b: int = 0) -> None:
        """Record."""
        ran.append((a, b))

    steps = [Step([TextChunk("so far"), ToolCallChunk(0, arguments, "1", "record")], complete=False)]
    agent = ReActAgent("Friday", model=ScriptedModel(steps), tools=[record])
    with pytest.raises(StreamInterrupted) as caught:
        await agent("go")
    assert caught.value.partial == "so far"
    assert ran == []
    assert (await history(agent))[-1].metadata == {"incomplete": True}


@pytest.mark.parametrize("reason", ["length", "content_filter", "other"])
async def test_calls_of_an_answer_that_was_cut_off_never_run(reason: Any) -> None:
    agent = agent_of([ToolCallChunk(0, '{"a": 1, "b": 2}', "1", "add"), FinishChunk(reason)], "sorry")
    reply = await agent("go")
    result = (await history(agent))[2].blocks(ToolResultBlock)[0]
    assert reply.text == "sorry"
    assert result.status == "not_started"
    assert reason in result.text


async def test_a_failing_model_fails_the_run_and_keeps_what_was_said() -> None:
    agent = agent_of([TextChunk("half"), ModelError("it broke")], "again")
    with pytest.raises(ModelError, match="it broke") as caught:
        await agent("go")
    assert caught.value.partial == "half"
    assert [msg.text for msg in await history(agent)] == ["go", "half"]
    assert (await agent("go on")).text == "again"


async def test_calls_without_an_id_or_with_a_used_one_get_their_own() -> None:
    same = [ToolCallChunk(0, '{"a":1,"b":1}', "x", "add"), ToolCallChunk(1, '{"a":2,"b":2}', "x", "add")]
    agent = agent_of(
        [*same, FinishChunk("tool_calls")], [ToolCallChunk(0, '{"a":3,"b":3}', "x", "add"), FinishChunk()], "ok"
    )
    await agent("go")
    results = [result for msg in await history(agent) for result in msg.blocks(ToolResultBlock)]
    assert [result.text for result in results] == ["2", "4", "6"]
    assert len({result.id for result in results}) == 3


async def test_an_empty_answer_completes_the_run_with_a_note() -> None:
    agent = agent_of([FinishChunk()])
    reply = await agent("go")
    assert reply.text == ""
    assert reply.notes == ("the model gave an empty answer",)
    await history(agent)


async def test_concurrent_runs_on_different_memories_do_not_meet() -> None:
    import asyncio

    agent = ReActAgent("Friday", model=ScriptedModel([lambda request: request.messages[-1].text] * 50))
    memories = [InMemoryMemory() for _ in range(50)]
    replies = await asyncio.gather(*[agent(str(i), memory=memory) for i, memory in enumerate(memories)])
    assert [reply.text for reply in replies] == [str(i) for i in range(50)]
    assert [await memory.size() for memory in memories] == [2] * 50


async def test_concurrent_runs_on_one_memory_take_turns() -> None:
    import asyncio

    agent = ReActAgent("Friday", model=ScriptedModel([lambda request: request.messages[-1].text] * 5))
    await asyncio.gather(*[agent(str(i)) for i in range(5)])
    texts = [msg.text for msg in await agent.memory.get()]
    assert texts == [text for i in range(5) for text in (str(i), str(i))]


async def test_structured_output_that_never_comes_is_an_error() -> None:
    agent = agent_of("no", "no", "no", max_iters=3)
    with pytest.raises(OutputMissing):
        await agent("go", output_type=int)
    await history(agent)


async def test_what_a_provider_would_refuse_is_stored_so_that_it_does_not() -> None:
    odd = [ToolCallChunk(0, "{}", "x" * 65, "functions.add tool"), ToolCallChunk(1, "{}", "y", "1st-ü"), FinishChunk()]
    agent = agent_of(odd, [ThinkingChunk("hm"), FinishChunk("length")])
    reply = await agent("go")
    question, answer = (await history(agent))[1:]
    assert [call.name for call in question.blocks(ToolUseBlock)] == ["functions_add_tool", "_1st__"]
    assert [result.status for result in answer.blocks(ToolResultBlock)] == ["error", "error"]
    assert reply.notes == ("the model gave an empty answer",)
