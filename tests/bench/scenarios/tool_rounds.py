"""Turns with tools: some rounds of one call, or one round of many, each turn in a conversation of its own."""

import asyncio

from scenarios.weather import QUESTION, SCHEMA, SYSTEM_PROMPT, get_weather, get_weather_sync

TURNS = 20


def floor(bench):
    return asyncio.run(_floor(bench, get_weather))


def floor_sync_tools(bench):
    return asyncio.run(_floor(bench, get_weather_sync))


async def _floor(bench, tool):
    from scenarios.raw import Agent, client

    async with client() as http:
        agents = [Agent(http, bench.base_url, tools={"get_weather": tool}, schemas=[SCHEMA]) for _ in range(TURNS + 1)]
        answer = await agents.pop().ask(QUESTION)
        with bench.section(TURNS):
            for agent in agents:
                answer = await agent.ask(QUESTION)
    return answer


def ours(bench):
    return asyncio.run(_ours(bench, get_weather))


def ours_sync_tools(bench):
    return asyncio.run(_ours(bench, get_weather_sync))


async def _ours(bench, tool):
    from trouplet import InMemoryMemory, Kernel

    async with Kernel() as kernel:
        model = kernel.model("openai:gpt-5-mini", stream=False)
        friday = kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT, tools=[tool], max_iters=bench.size + 1)
        reply = await friday(QUESTION, memory=InMemoryMemory())
        with bench.section(TURNS):
            for _ in range(TURNS):
                reply = await friday(QUESTION, memory=InMemoryMemory())
    return reply.text
