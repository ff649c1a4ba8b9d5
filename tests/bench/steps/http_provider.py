"""A kernel and its first HTTP provider, asked once (``OPENAI_BASE_URL`` says where)."""

import asyncio

from trouplet import Kernel


async def main():
    async with Kernel() as kernel:
        friday = kernel.agent("Friday", model="openai:gpt-5-mini", sys_prompt="You're a helpful assistant.")
        assert (await friday("Hi")).text


asyncio.run(main())
