"""Random stops among fifty parallel tools: the history is valid, the right thing is raised, and nothing is left behind.

Each stop runs an agent whose model calls fifty tools of five kinds at once, and stops it in one of three ways, after a
random time or a random number of turns of the event loop. The number of a stop is its seed.
"""

import asyncio
import random
import time
from collections import Counter

import pytest

from trouplet.agent import ReActAgent
from trouplet.events import BlockEnded, BlockStarted, Event, RunEnded, Subscription, ToolEnded, ToolStarted
from trouplet.messages import ToolResultBlock, ToolUseBlock
from trouplet.testing import LeakCheck, ScriptedModel, call, validate_history
from trouplet_tools import CodeTools

ORDINARY, BATTERY = 60, 500
WAYS = ("interrupt", "cancel", "timeout")
KINDS = {"quick": 18, "tidy": 12, "blocking": 8, "streaming": 10, "execute_shell_command": 2}
LONGEST = 0.4
"""Seconds into a run up to which it is stopped; left alone it takes a little longer."""


class Ledger:
    """Tools that note what they do: which calls began, and whose clean-up has begun and not ended."""

    def __init__(self):
        self.begun = set()
        self.dirty = set()

    async def quick(self, number: int) -> str:
        """Answer at once."""
        self.begun.add(number)
        return f"quick {number}"

    async def tidy(self, number: int) -> str:
        """Take a while, and clean up when stopped."""
        self.begun.add(number)
        try:
            await asyncio.sleep(number % 7 / 20)
        except asyncio.CancelledError:
            self.dirty.add(number)
            await asyncio.sleep(number % 3 / 100)
            self.dirty.remove(number)
            raise
        return f"tidy {number}"

    def blocking(self, number: int) -> str:
        """Block a thread."""
        self.begun.add(number)
        time.sleep(0.05)
        return f"blocking {number}"

    async def streaming(self, number: int):
        """Answer piece by piece."""
        self.begun.add(number)
        for piece in range(8):
            await asyncio.sleep(number % 5 / 100)
            yield f"piece {piece} of {number} "


def fifty_calls(rng):
    """Return a model's answer that calls all tools at once, in random order."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    rng.shuffle(kinds)
    shell = {"command": "sleep 0.2 & (sleep 30 &) ; echo begun; sleep 0.1"}
    arguments = [shell if kind == "execute_shell_command" else {"number": n} for n, kind in enumerate(kinds)]
    return ["I will do it all.", *[call(kind, **given) for kind, given in zip(kinds, arguments, strict=True)]]


class Storm:
    """Stops agents, and checks what has to hold after each stop. ``outcomes`` counts what became of the runs."""

    def __init__(self, check):
        self._check = check
        self._shell = CodeTools(env=check.environment).tools()[1]
        self.outcomes = Counter()

    async def stop(self, number):
        """Stop one run, and take the next turn of the same conversation."""
        rng = random.Random(number)
        ledger, events = Ledger(), []
        answer = fifty_calls(rng)
        model = ScriptedModel(
            [lambda request: answer if len(request.messages) == 1 else "Done."] * 3, chunk_size=rng.choice([None, 8])
        )
        tools = [ledger.quick, ledger.tidy, ledger.blocking, ledger.streaming, self._shell]
        agent = ReActAgent("Friday", model=model, tools=tools)
        if rng.random() < 0.5:
            agent.hooks.add("on_event", lambda scope: [Subscription((Event,), events.append)])
        await self._stop(agent, WAYS[number % len(WAYS)], rng)
        await self._check_history(agent, ledger, list(events))
        assert (await agent("Go on.")).status == "completed"
        validate_history(model.requests[-1].messages)
        assert model.requests[-1].messages[-1].text == "Go on."
        await self._check.assert_clean()

    async def _stop(self, agent, way, rng):
        others = asyncio.all_tasks()
        seconds, turns = rng.uniform(0, LONGEST), rng.choice([0, rng.randrange(1, 100)])
        run = asyncio.create_task(called(agent, within=seconds if way == "timeout" else None))
        if way != "timeout":
            await pause(seconds, turns)
        if way == "interrupt":
            agent.interrupt()
        elif way == "cancel":
            run.cancel()
        (outcome,) = await asyncio.gather(run, return_exceptions=True)
        assert asyncio.all_tasks() == others, "tasks are left at return"
        self.outcomes[way, self._judged(way, outcome)] += 1

    def _judged(self, way, outcome):
        if isinstance(outcome, {"cancel": asyncio.CancelledError, "timeout": TimeoutError}.get(way, ())):
            return "stopped"
        if isinstance(outcome, BaseException):
            raise outcome
        if way == "interrupt" and outcome.interrupted:
            return "stopped"
        assert outcome.status == "completed", "a run that was not stopped was completed"
        return "too late"

    async def _check_history(self, agent, ledger, events):
        history = await agent.memory.get()
        validate_history(history)
        assert history[0].text == "Do it all.", "the user's message is lost"
        assert not ledger.dirty, "clean-up has not ended"
        calls = {block.id: block for msg in history for block in msg.blocks(ToolUseBlock)}
        results = [block for msg in history for block in msg.blocks(ToolResultBlock)]
        for result in results:
            number = calls[result.id].input.get("number")
            if number is not None:
                assert result.status != ("not_started" if number in ledger.begun else "ok"), f"call {number}: {result}"
        if events:
            check_events(events, results)


async def pause(seconds, turns):
    """Wait for so many turns of the event loop, or for so many seconds."""
    for _ in range(turns):
        await asyncio.sleep(0)
    if not turns:
        await asyncio.sleep(seconds)


async def called(agent, *, within):
    """Call the agent as its users do, and check that the calling task's cancellation count is left alone."""
    task = asyncio.current_task()
    try:
        async with asyncio.timeout(within):
            reply = await agent("Do it all.")
    except asyncio.CancelledError:
        assert task.cancelling() == 1
        raise
    finally:
        assert task.cancelling() <= 1
    assert task.cancelling() == 0
    return reply


def check_events(events, results):
    """Check that the trace is whole and tells the same as the history."""
    kinds = Counter(type(event) for event in events)
    assert kinds[RunEnded] == 1
    assert isinstance(events[-1], RunEnded)
    assert kinds[BlockStarted] == kinds[BlockEnded]
    ended = [event.result for event in events if isinstance(event, ToolEnded)]
    assert Counter((result.id, result.status) for result in ended) == Counter((r.id, r.status) for r in results)
    started = Counter(event.call_id for event in events if isinstance(event, ToolStarted))
    assert max(started.values(), default=1) == 1
    assert set(started) <= {result.id for result in ended}


async def storm(stops):
    loop = asyncio.get_running_loop()
    async with LeakCheck() as check:
        storm = Storm(check)
        begun = loop.time()
        for number in range(stops):
            try:
                await storm.stop(number)
            except Exception as error:
                error.add_note(f"in stop {number}, {WAYS[number % len(WAYS)]}")
                raise
        print(f"{stops} stops in {loop.time() - begun:.1f} s: {dict(storm.outcomes)}")
    for way in WAYS:
        assert storm.outcomes[way, "stopped"] >= stops // len(WAYS) // 2, f"{way} came too late too often"


async def test_a_run_that_is_stopped_at_any_moment_leaves_a_valid_history_and_nothing_else():
    await storm(ORDINARY)


@pytest.mark.battery
@pytest.mark.timeout(900)
async def test_five_hundred_stops_leave_valid_histories_and_nothing_else():
    await storm(BATTERY)


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_cancellation_that_follows_an_interruption_goes_on_up(turns):
    ledger = Ledger()
    agent = ReActAgent(
        "Friday",
        model=ScriptedModel([[call("tidy", number=number) for number in range(1, 5)]]),
        tools=[ledger.tidy],
    )
    run = asyncio.create_task(called(agent, within=None))
    await pause(0, turns + 1)
    agent.interrupt()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    validate_history(await agent.memory.get())
    assert not ledger.dirty
