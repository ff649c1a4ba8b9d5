import asyncio
import contextlib
import gc
from typing import Any

import pytest

from trouplet import (
    BlockEnded,
    BlockStarted,
    Msg,
    ReActAgent,
    RunEnded,
    RunStarted,
    TextDelta,
    ToolEnded,
    ToolResultBlock,
    ToolStarted,
)
from trouplet.agent import Agent
from trouplet.errors import ModelError
from trouplet.events import fold
from trouplet.model_io import TextChunk
from trouplet.testing import ScriptedModel, call, validate_history


async def stuck(request: Any) -> Any:
    """A model that says something and then stands still."""
    yield TextChunk("part of ")
    yield TextChunk("an answer")
    await asyncio.Event().wait()


async def hang() -> None:
    """Hang."""
    await asyncio.Event().wait()


async def quick() -> str:
    """Be quick."""
    return "quick"


def agent_of(*steps: Any, **options: Any) -> ReActAgent:
    return ReActAgent("Friday", model=ScriptedModel(steps), tools=[hang, quick], **options)


async def begun(agent: Agent, kind: type) -> tuple[asyncio.Task[Any], list[Any]]:
    """Start a run as a stream and wait for its first event of a kind."""
    seen, ready = [], asyncio.Event()

    async def watch() -> Any:
        stream = agent.stream("go")
        async for event in stream:
            seen.append(event)
            if isinstance(event, kind):
                ready.set()
        return stream.reply

    task = asyncio.create_task(watch())
    await ready.wait()
    return task, seen


async def test_an_interrupted_answer_keeps_its_text_and_is_the_reply() -> None:
    agent = agent_of(stuck, "and on")
    task, events = await begun(agent, TextDelta)
    await asyncio.sleep(0)
    await agent.interrupt()
    reply = await task
    assert (reply.interrupted, reply.text) == (True, "part of an answer")
    assert isinstance(events[-1], RunEnded)
    assert events[-1].status == "interrupted"
    assert (await agent("go on")).text == "and on"
    messages = await agent.memory.get()
    validate_history(messages)
    assert "interrupted" in messages[2].text


async def test_an_interruption_with_a_message_is_observed_and_answered_next() -> None:
    agent = agent_of(stuck, lambda request: request.messages[-2].text)
    task, _ = await begun(agent, TextDelta)
    await agent.interrupt(Msg("ann", "Enough."))
    await task
    assert (await agent("so?")).text == "Enough."


async def test_interrupted_calls_have_results_that_say_what_became_of_them() -> None:
    agent = agent_of([call("hang"), call("quick")], parallel_tool_calls=False)
    task, _ = await begun(agent, ToolStarted)
    await agent.interrupt()
    reply = await task
    messages = await agent.memory.get()
    validate_history(messages)
    assert [result.status for result in messages[2].blocks(ToolResultBlock)] == ["interrupted", "not_started"]
    assert reply.text == "I was interrupted before I could finish."


async def test_calls_that_had_ended_keep_their_results() -> None:
    agent = agent_of([call("hang"), call("quick")])
    task, _ = await begun(agent, ToolEnded)
    await agent.interrupt()
    await task
    results = (await agent.memory.get())[2].blocks(ToolResultBlock)
    assert [(result.name, result.status) for result in results] == [("hang", "interrupted"), ("quick", "ok")]


async def test_an_interruption_never_touches_the_callers_task() -> None:
    agent = agent_of(stuck)
    asyncio.get_running_loop().call_later(0.02, agent.interrupt)
    reply = await agent("go")
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert reply.interrupted


async def test_interrupting_an_idle_agent_does_nothing() -> None:
    agent = agent_of("hi")
    await agent.interrupt()
    assert (await agent("go")).text == "hi"


async def test_an_interruption_before_the_first_step_keeps_the_input() -> None:
    agent = agent_of("never said")
    task = asyncio.create_task(agent("go"))
    await asyncio.sleep(0)
    agent.interrupt()
    assert (await task).interrupted
    assert (await agent.memory.get())[0].text == "go"


async def test_handle_interrupt_decides_the_reply() -> None:
    class Polite(ReActAgent):
        async def handle_interrupt(self, run: Any, message: Msg | None) -> Msg:
            return Msg(self.name, f"As you wish: {message.text if message else ''}", "assistant")

    agent = Polite("Friday", model=ScriptedModel([stuck]))
    asyncio.get_running_loop().call_later(0.02, agent.interrupt, "stop")
    assert (await agent("go")).text == "As you wish: stop"


@pytest.mark.parametrize("steps", [[stuck], [call("hang")], [[call("hang"), call("quick")]]])
async def test_a_callers_timeout_goes_on_up_and_leaves_a_valid_history(steps: list[Any]) -> None:
    agent = agent_of(*steps, "next")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await agent("go")
    validate_history(await agent.memory.get())
    assert (await agent("again")).text == "next"


async def test_a_cancelled_caller_stays_cancelled() -> None:
    agent = agent_of(stuck)
    task = asyncio.create_task(agent("go"))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    validate_history(await agent.memory.get())


async def test_cancellation_wins_over_an_interruption_at_the_same_time() -> None:
    agent = agent_of(stuck)
    task = asyncio.create_task(agent("go"))
    await asyncio.sleep(0.02)
    agent.interrupt()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_events_of_a_run_are_whole_and_numbered() -> None:
    agent = agent_of(["Let me see. ", call("quick"), call("hang")])
    task, events = await begun(agent, ToolEnded)
    await agent.interrupt()
    await task
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], RunStarted)
    assert [isinstance(event, RunEnded) for event in events].count(True) == 1
    started = [event.block for event in events if isinstance(event, BlockStarted)]
    assert sorted(started) == sorted(event.block for event in events if isinstance(event, BlockEnded))
    tools = {event.call_id for event in events if isinstance(event, ToolStarted)}
    assert tools == {event.result.id for event in events if isinstance(event, ToolEnded)}
    assert len({event.origin.run_id for event in events}) == 1


async def test_events_fold_into_the_messages_of_the_run() -> None:
    agent = agent_of(["Let me see. ", call("quick")], "Done.")
    events = [event async for event in agent.stream("go")]
    stored = await agent.memory.get()
    folded = fold(events)
    assert [(msg.role, msg.content) for msg in folded] == [(msg.role, msg.content) for msg in stored]
    deltas = "".join([event.text for event in events if isinstance(event, TextDelta)])
    assert deltas == "Let me see. Done."


async def test_a_failing_run_ends_with_an_event_and_raises() -> None:
    stream = aiter(agent_of(ModelError("it broke")).stream("go"))
    event: Any = None
    while not isinstance(event, RunEnded):
        event = await anext(stream)
    assert (event.status, type(event.error)) == ("failed", ModelError)
    with pytest.raises(ModelError, match="it broke"):
        await anext(stream)


async def test_a_reader_that_leaves_ends_the_run() -> None:
    agent = agent_of(stuck)
    async with agent.stream("go") as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    assert len(asyncio.all_tasks()) == 1
    validate_history(await agent.memory.get())


async def test_a_reader_that_just_breaks_ends_the_run_too() -> None:
    agent = agent_of(stuck)
    async for event in agent.stream("go"):
        if isinstance(event, TextDelta):
            break
    del event
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_a_slow_reader_slows_the_model_down_and_misses_nothing() -> None:
    ahead = 0

    async def burst(request: Any) -> Any:
        nonlocal ahead
        from trouplet.model_io import Finish

        for _ in range(5000):
            ahead += 1
            yield TextChunk("x")
        yield Finish()

    count = 0
    async for event in agent_of(burst).stream("go"):
        if isinstance(event, TextDelta):
            count += 1
            assert ahead - count < 3000
            if count % 100 == 0:
                await asyncio.sleep(0)
    assert count == 5000


async def test_an_agent_as_a_tool_is_stopped_with_its_caller() -> None:
    inner = ReActAgent("inner", model=ScriptedModel([stuck]))

    async def ask_inner(question: str) -> str:
        """Ask the inner agent."""
        return (await inner(question)).text

    outer = ReActAgent("outer", model=ScriptedModel([call("ask_inner", question="?")]), tools=[ask_inner])
    task = asyncio.create_task(outer("go"))
    await asyncio.sleep(0.05)
    await outer.interrupt()
    assert (await task).interrupted
    validate_history(await inner.memory.get())
    validate_history(await outer.memory.get())
    assert len(asyncio.all_tasks()) == 1


async def test_an_agent_of_ones_own_only_says_how_it_replies() -> None:
    class Parrot(Agent):
        async def reply(self, msgs: Any, run: Any) -> Msg:
            await run.take_input(msgs)
            return Msg(self.name, msgs[-1].text, "assistant")

    parrot = Parrot("Polly")
    assert (await parrot("hello")).text == "hello"
    assert isinstance([event async for event in parrot.stream("hi")][-1], RunEnded)


async def test_tools_that_are_stopped_clean_up_undisturbed() -> None:
    cleaned: list[int] = []

    async def careful(n: int) -> None:
        """Clean up."""
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(n / 100)
            cleaned.append(n)

    agent = ReActAgent("Friday", model=ScriptedModel([[call("careful", n=n) for n in range(4)]]), tools=[careful])
    task = asyncio.create_task(agent("go"))
    await asyncio.sleep(0.05)
    await agent.interrupt()
    await task
    assert cleaned == [0, 1, 2, 3]


@pytest.mark.parametrize("parallel", [True, False])
async def test_a_tool_that_swallows_its_cancellation_stops_nothing_from_stopping(parallel: bool) -> None:
    async def stubborn() -> str:
        """Be stubborn."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "still here"

    steps = [[call("stubborn"), call("stubborn")], "never said", [call("stubborn")], "never said"]
    agent = ReActAgent("Friday", model=ScriptedModel(steps), tools=[stubborn], parallel_tool_calls=parallel)
    asyncio.get_running_loop().call_later(0.05, agent.interrupt)
    assert (await agent("go")).interrupted
    validate_history(await agent.memory.get())
    agent = ReActAgent("Friday", model=ScriptedModel(steps), tools=[stubborn], parallel_tool_calls=parallel)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await agent("go")
    validate_history(await agent.memory.get())


async def test_an_agent_that_swallows_its_callers_cancellation_does_not_hide_it() -> None:
    class Deaf(Agent):
        async def reply(self, msgs: Any, run: Any) -> Msg:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            return Msg(self.name, "what?", "assistant")

    task = asyncio.create_task(Deaf("deaf")("go"))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_interrupting_twice_is_like_interrupting_once() -> None:
    agent = agent_of(stuck)
    task, _ = await begun(agent, TextDelta)
    first, second = agent.interrupt("one"), agent.interrupt("two")
    await first
    await second
    assert (await task).interrupted
    assert [msg.text for msg in await agent.memory.get()][-1] == "one"


async def test_a_hook_that_hangs_is_interrupted_like_anything_else() -> None:
    async def hang_here(msgs: Any, scope: Any) -> None:
        await asyncio.Event().wait()

    agent = agent_of("never said")
    agent.hooks.add("before_reply", hang_here)
    asyncio.get_running_loop().call_later(0.02, agent.interrupt)
    assert (await agent("go")).interrupted
    validate_history(await agent.memory.get())
