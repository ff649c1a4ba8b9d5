"""Many agents at once in one process, each with some rounds of one tool; answers take 100 ms, so all are under way."""

import asyncio

from scenarios.weather import QUESTION, SCHEMA, SYSTEM_PROMPT, get_weather

TOOLS = {"get_weather": get_weather}


def floor(bench):
    return asyncio.run(_floor(bench))


async def _floor(bench):
    import aiohttp
    from scenarios.raw import AiohttpAgent

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        agents = [AiohttpAgent(http, bench.base_url, tools=TOOLS, schemas=[SCHEMA]) for _ in range(bench.size)]
        return await _ask_all(bench, agents)


def raw_httpx(bench):
    return asyncio.run(_raw_httpx(bench))


async def _raw_httpx(bench):
    import httpx
    from scenarios.raw import Agent, client

    async with client(limits=httpx.Limits(max_connections=None)) as http:
        agents = [Agent(http, bench.base_url, tools=TOOLS, schemas=[SCHEMA]) for _ in range(bench.size)]
        return await _ask_all(bench, agents)


async def _ask_all(bench, agents):
    with bench.section(bench.size):
        answers = await asyncio.gather(*[agent.ask(QUESTION) for agent in agents])
    assert len(set(answers)) == 1
    return len(answers), answers[0]


def ours(bench):
    return asyncio.run(_ours(bench))


async def _ours(bench):
    from trouplet import Kernel, Toolkit

    toolkit = Toolkit([get_weather])
    async with Kernel() as kernel:
        model = kernel.model("openai:gpt-5-mini", stream=False)
        agents = [
            kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT, toolkit=toolkit) for _ in range(bench.size)
        ]
        return await _ask_all(bench, [_Texts(agent) for agent in agents])


class _Texts:
    """An agent whose answers are text, as those of the floor are."""

    def __init__(self, agent):
        self._agent = agent

    async def ask(self, text):
        return (await self._agent(text)).text
