"""The plugin: measures every model call of a kernel's agents, and stops what passes a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from trouplet.hooks import PluginContext
    from trouplet.messages import Msg
    from trouplet.model_io import Chunk, ModelRequest, ModelResponse
    from trouplet.scope import Scope


class UsagePlugin:
    """Usage, cost and limits of a kernel."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from trouplet_usage.books import Books
        from trouplet_usage.report import RESOURCE
        from trouplet_usage.settings import UsageSettings

        self._books = context.resource(RESOURCE, lambda: Books(UsageSettings.read(context.config)))

    @hookimpl
    def wrap_reply(
        self, call_next: Callable[[Sequence[Msg]], Awaitable[Msg]], scope: Scope
    ) -> Callable[[Sequence[Msg]], Awaitable[Msg]]:
        """Measure the run."""
        return self._books.metered(call_next, scope)

    @hookimpl
    def wrap_model_call(
        self, call_next: Callable[[ModelRequest], AsyncGenerator[Chunk, None]], scope: Scope
    ) -> Callable[[ModelRequest], AsyncGenerator[Chunk, None]]:
        """Let no call start when a limit is reached."""
        return self._books.meter(scope).gate(call_next)

    @hookimpl
    async def after_reasoning(self, response: ModelResponse, scope: Scope) -> None:
        """Enter what the answer used."""
        await self._books.meter(scope).answered(response)
