"""Streams that begin with some work and then are the provider's own.

Middleware that only needs to act before an answer (wait for a place, try another model) must not cost anything per
chunk. ``LateStream`` does that work when its first chunk is asked for, and then hands the inner stream's own iterator
over: ``__anext__`` is a slot, and what is in it is what ``async for`` calls. No Python code runs per chunk, and
several such streams around each other cost as much as one.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from trouplet.model_io import Chunk, ModelRequest

if TYPE_CHECKING:
    from typing import Self

Stream: TypeAlias = AsyncGenerator[Chunk, None]
Call: TypeAlias = Callable[[ModelRequest], Stream]


@dataclass(slots=True)
class Opened:
    """A stream whose first chunk has been taken. ``closed`` is called once, when nobody reads it any more."""

    first: Chunk
    rest: Stream
    closed: Callable[[], object] | None = None


async def opened(stream: Stream, *, closed: Callable[[], object] | None = None) -> Opened:
    """Take a stream's first chunk; ``StopAsyncIteration`` when it has none."""
    try:
        return Opened(await anext(stream), stream, closed)
    except BaseException:
        await stream.aclose()
        raise


class LateStream(AsyncGenerator[Chunk, None]):
    """A stream that ``open`` begins when its first chunk is asked for.

    Whoever closes it closes the inner stream. One that is read to its end, and dropped without being closed, counts
    as closed when it is collected, in whatever thread that happens.
    """

    __slots__ = ("__anext__", "__weakref__", "_closed", "_open", "_rest", "_when_dropped")

    def __init__(self, open: Callable[[], Awaitable[Opened]]) -> None:
        self._open = open
        self._rest: Stream | None = None
        self._closed: Callable[[], object] | None = None
        self._when_dropped: weakref.finalize[..., LateStream] | None = None
        self._read_with(self._first)

    def __aiter__(self) -> Self:
        return self

    async def asend(self, value: None) -> Chunk:
        """Return the next chunk: a stream of chunks takes nothing."""
        return await self.__anext__()

    async def athrow(self, *error: Any) -> Chunk:
        """Raise an error within the inner stream."""
        if self._rest is None:
            await self.aclose()
            raise error[0]
        return await self._rest.athrow(*error)

    async def aclose(self) -> None:
        """Close the inner stream."""
        try:
            if self._rest is not None:
                await self._rest.aclose()
        finally:
            self._read_with(_ended)
            if self._closed is not None and self._when_dropped is not None and self._when_dropped.detach():
                self._closed()

    async def _first(self) -> Chunk:
        self._read_with(_ended)
        opened = await self._open()
        self._rest = opened.rest
        if opened.closed is not None:
            self._closed = opened.closed
            self._when_dropped = weakref.finalize(self, _call_in, asyncio.get_running_loop(), opened.closed)
            self._when_dropped.atexit = False
        self._read_with(opened.rest.__anext__)
        return opened.first

    def _read_with(self, step: Callable[[], Awaitable[Chunk]]) -> None:
        self.__anext__ = step  # type: ignore[assignment,method-assign]  # a slot, which `async for` reads


async def _ended() -> Chunk:
    raise StopAsyncIteration


def _call_in(loop: asyncio.AbstractEventLoop, closed: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(closed)
