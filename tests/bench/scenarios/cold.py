"""A process that does one thing and ends: the whole of it counts, from the start of the interpreter."""

from scenarios.weather import QUESTION, SYSTEM_PROMPT


def floor_hello(bench):
    import asyncio

    async def main():
        from scenarios.raw import Agent, client

        async with client() as http:
            return await Agent(http, bench.base_url).ask(QUESTION)

    return asyncio.run(main())


def floor_construction(bench):
    """Everything up to the first request."""
    from scenarios.raw import Agent, client

    Agent(client(), bench.base_url)
    return "constructed"


def ours_hello(bench):
    from trouplet import Kernel, run

    async def main():
        async with Kernel() as kernel:
            model = kernel.model("openai:gpt-5-mini", stream=False)
            friday = kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT)
            return (await friday(QUESTION)).text

    return run(main())


def ours_construction(bench):
    from trouplet import Kernel

    Kernel().agent("Friday", model="openai:gpt-5-mini", sys_prompt=SYSTEM_PROMPT)
    return "constructed"
