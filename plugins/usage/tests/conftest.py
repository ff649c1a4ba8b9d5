"""What the tests of usage share: kernels that measure, and agents on scripts whose calls report what they used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from trouplet import Kernel, ReActAgent
from trouplet.model_io import Usage
from trouplet.testing import ScriptedModel


@pytest.fixture
def each() -> Usage:
    """What each call of a scripted model reports, unless it is told otherwise."""
    return Usage(1000, 200, 100, 50)


@pytest.fixture
def scripted(each: Usage) -> Callable[..., ScriptedModel]:
    """Makes scripted models that go by another name."""

    def make(*steps: object, id: str = "acme:rocket", usage: Usage | None = each) -> ScriptedModel:
        model = ScriptedModel(steps, usage=usage)
        provider, _, name = id.partition(":")
        model.info = replace(model.info, provider=provider, name=name)
        return model

    return make


@pytest.fixture
def agent(scripted: Callable[..., ScriptedModel]) -> Callable[..., ReActAgent]:
    """Makes agents of a kernel on scripts; they have the tool ``ping``."""

    def ping() -> str:
        """Ping."""
        return "pong"

    def make(kernel: Kernel, *steps: object, tools: Sequence[object] = (), **options: object) -> ReActAgent:
        return kernel.agent("Friday", model=scripted(*steps, **options), tools=[ping, *tools])

    return make


@pytest.fixture
async def measured(tmp_path) -> AsyncIterator[Callable[..., Awaitable[Kernel]]]:
    """Makes kernels that measure, with these settings of the plugin."""
    async with AsyncExitStack() as stack:

        async def make(plugins: Sequence[object] = ("usage",), **settings: object) -> Kernel:
            config = {"usage": settings, "fallback": {"models": ["test:echo"]}}
            kernel = Kernel(plugins=plugins, config=config, environ={"HOME": str(tmp_path)})
            return await stack.enter_async_context(kernel)

        yield make
