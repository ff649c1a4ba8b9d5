"""One long streamed answer that arrives in a burst, piece by piece in the caller's hands."""

import asyncio

from scenarios.weather import QUESTION, SYSTEM_PROMPT


def floor(bench):
    return asyncio.run(_floor(bench))


async def _floor(bench):
    from scenarios.raw import Agent, client

    async with client() as http:
        await _count(Agent(http, bench.base_url))
        with bench.section(repetitions(bench.size) * bench.size):
            for _ in range(repetitions(bench.size)):
                pieces = await _count(Agent(http, bench.base_url))
    return pieces


async def _count(agent):
    pieces = 0
    async for _piece in agent.stream(QUESTION):
        pieces += 1
    return pieces


def repetitions(size):
    """How many streams make 40,000 pieces."""
    return max(1, 40_000 // size)


def ours_events(bench):
    """The events in the caller's hands: ``agent.stream``."""
    return asyncio.run(_ours(bench, _count_deltas))


def ours_reply(bench):
    """The reply alone; nobody watches the run."""
    return asyncio.run(_ours(bench, _count_words))


async def _ours(bench, count):
    from trouplet import Kernel

    async with Kernel() as kernel:
        model = kernel.model("openai:gpt-5-mini", stream=True)
        friday = kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT)
        await count(friday)
        with bench.section(repetitions(bench.size) * bench.size):
            for _ in range(repetitions(bench.size)):
                pieces = await count(friday)
    return pieces


async def _count_deltas(friday):
    from trouplet import InMemoryMemory, TextDelta

    pieces = 0
    async for event in friday.stream(QUESTION, memory=InMemoryMemory()):
        if isinstance(event, TextDelta):
            pieces += 1
    return pieces


async def _count_words(friday):
    from trouplet import InMemoryMemory

    reply = await friday(QUESTION, memory=InMemoryMemory())
    return reply.text.count(" word")
