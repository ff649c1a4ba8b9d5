"""Long conversations: many turns in one, and a few turns on top of a long history."""

import asyncio

from scenarios.weather import QUESTION, SYSTEM_PROMPT

TURNS = 20


def floor_many_turns(bench):
    return asyncio.run(_floor_many_turns(bench))


async def _floor_many_turns(bench):
    from scenarios.raw import Agent, client

    async with client() as http:
        await Agent(http, bench.base_url).ask(QUESTION)
        agent = Agent(http, bench.base_url)
        with bench.section(bench.size):
            for _ in range(bench.size):
                await agent.ask(QUESTION)
    return len(agent.messages) - 1


def floor_turns(bench):
    """Turns on a history that the floor already has in the provider's form."""
    return asyncio.run(_floor_turns(bench, TURNS, warm=True))


def floor_first_turn(bench):
    return asyncio.run(_floor_turns(bench, 1, warm=False))


async def _floor_turns(bench, turns, *, warm):
    from scenarios.raw import NAME, Agent, client, new_conversation

    async with client() as http:
        await Agent(http, bench.base_url).ask(QUESTION)
        messages = new_conversation() + [
            {"role": "user", "content": text}
            if number % 2 == 0
            else {"role": "assistant", "content": text, "name": NAME}
            for number, text in enumerate(old_texts(bench.size))
        ]
        agent = Agent(http, bench.base_url, messages=messages)
        if warm:
            await agent.ask(QUESTION)
        with bench.section(turns):
            for _ in range(turns):
                await agent.ask(QUESTION)
    return len(agent.messages) - 1


def old_texts(number):
    return [f"This was said as number {index} of a long conversation about the weather." for index in range(number)]


def ours_many_turns(bench):
    return asyncio.run(_ours_many_turns(bench))


async def _ours_many_turns(bench):
    from trouplet import InMemoryMemory, Kernel

    async with Kernel() as kernel:
        friday = _friday(kernel)
        await friday(QUESTION, memory=InMemoryMemory())
        with bench.section(bench.size):
            for _ in range(bench.size):
                await friday(QUESTION)
        return len(await friday.memory.get())


def ours_turns(bench):
    return asyncio.run(_ours_turns(bench, TURNS, warm=True))


def ours_first_turn(bench):
    """The first turn on a loaded history: it is in no provider's form yet."""
    return asyncio.run(_ours_turns(bench, 1, warm=False))


async def _ours_turns(bench, turns, *, warm):
    from trouplet import InMemoryMemory, Kernel, Msg

    async with Kernel() as kernel:
        friday = _friday(kernel)
        await friday(QUESTION, memory=InMemoryMemory())
        await friday.memory.add(
            [
                Msg("user", text, "user") if number % 2 == 0 else Msg("Friday", text, "assistant")
                for number, text in enumerate(old_texts(bench.size))
            ]
        )
        if warm:
            await friday(QUESTION)
        with bench.section(turns):
            for _ in range(turns):
                await friday(QUESTION)
        return len(await friday.memory.get())


def _friday(kernel):
    model = kernel.model("openai:gpt-5-mini", stream=False)
    return kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT)
