"""Sequential calls: each asks one question in a conversation of its own."""

import asyncio

from scenarios.weather import QUESTION, SYSTEM_PROMPT


def floor(bench):
    return asyncio.run(_floor(bench))


async def _floor(bench):
    from scenarios.raw import Agent, client

    async with client() as http:
        answer = await Agent(http, bench.base_url).ask(QUESTION)
        with bench.section(bench.size):
            for _ in range(bench.size):
                answer = await Agent(http, bench.base_url).ask(QUESTION)
    return answer


def ours(bench):
    return asyncio.run(_ours(bench))


async def _ours(bench):
    from trouplet import InMemoryMemory, Kernel

    async with Kernel() as kernel:
        model = kernel.model("openai:gpt-5-mini", stream=False)
        friday = kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT)
        reply = await friday(QUESTION, memory=InMemoryMemory())
        with bench.section(bench.size):
            for _ in range(bench.size):
                reply = await friday(QUESTION, memory=InMemoryMemory())
    return reply.text
