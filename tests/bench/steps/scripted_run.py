"""A kernel, an agent and one run on the scripted model."""

import asyncio

from trouplet import Kernel


async def main():
    async with Kernel() as kernel:
        model = kernel.model("test:scripted", steps=["Hello!"])
        friday = kernel.agent("Friday", model=model, sys_prompt="You're a helpful assistant.")
        assert (await friday("Hi")).text == "Hello!"


asyncio.run(main())
