"""A run delivered as its events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    from trouplet.agent_run import Run
    from trouplet.events import Event
    from trouplet.reply import Reply
    from trouplet.run_state import RunState


class RunStream:
    """The events of one run, in order, to be iterated once; the run begins with the iteration.

    When the reader stops early, the run is cancelled and has ended before the iteration is closed; ``async with`` makes
    that happen at a known place. ``reply`` holds the reply afterwards. A run that fails raises its error after its last
    event.
    """

    def __init__(self, run: Run, execute: Callable[[Run], Coroutine[Any, Any, Reply[Any]]]) -> None:
        self._run = run
        self._execute = execute
        self._events: AsyncIterator[Event] | None = None
        self.reply: Reply[Any] | None = None

    @property
    def state(self) -> RunState:
        """The state of the run, to keep when it parks."""
        return self._run.state

    def __aiter__(self) -> AsyncIterator[Event]:
        if self._events is None:
            self._events = self._iterate()
        return self._events

    async def __aenter__(self) -> RunStream:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._events is not None:
            await self._events.aclose()  # type: ignore[attr-defined]

    async def _iterate(self) -> AsyncIterator[Event]:
        events = self._run.events
        assert events is not None, "a stream has events"
        task = asyncio.ensure_future(self._execute(self._run))
        try:
            while batch := await events.next_events(lambda: self._run.ended):
                for event in batch:
                    yield event
            self.reply = await task
        finally:
            if not task.done():
                events.abandon()
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
