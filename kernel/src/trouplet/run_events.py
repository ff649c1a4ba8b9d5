"""Publishes the events of one run to whoever watches it; a run that nobody watches has no publisher."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from trouplet import events as ev
from trouplet.model_io import MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from trouplet.messages import ContentBlock, Msg, ToolResultBlock, ToolUseBlock
    from trouplet.model_io import Chunk, FinishReason, Usage

QUEUE_LIMIT = 1024
"""Events that wait for the reader of a stream before the model is read more slowly."""
MAX_ERRORS = 5
"""Errors after which a subscription is dropped."""


class _Handler:
    """One subscription with its error count and, if it asked for batches, what is waiting."""

    __slots__ = ("_batch", "_errors", "_handle", "_limit", "_owner", "types")

    def __init__(self, subscription: ev.Subscription, owner: str) -> None:
        self.types = subscription.types
        self._handle: Callable[[Any], object] = subscription.handler
        self._limit = subscription.batch
        self._batch: list[ev.Event] = []
        self._owner = owner
        self._errors = 0

    def take(self, event: ev.Event) -> None:
        if not self._limit:
            self._call(event)
            return
        self._batch.append(event)
        if len(self._batch) >= self._limit:
            self.flush()

    def flush(self) -> None:
        if self._batch:
            batch, self._batch = self._batch, []
            self._call(batch)

    def _call(self, what: object) -> None:
        if self._errors >= MAX_ERRORS:
            return
        try:
            self._handle(what)
        except Exception as error:  # an observer never harms the run that it watches
            self._errors += 1
            if self._errors == 1:
                from trouplet.log import logger

                logger().error("event_handler_failed", plugin=self._owner, error=repr(error), exc_info=error)


class RunEvents:
    """Numbers the events of one run and hands each to those who asked for its type.

    An event that nobody asked for is counted and not made.
    """

    __slots__ = ("_handlers", "_open", "_queue", "_reader", "_tools", "_wanted", "_writer", "origin", "seq")

    def __init__(
        self, origin: ev.Origin, subscriptions: Iterable[tuple[str, ev.Subscription]], *, stream: bool
    ) -> None:
        self.origin = origin
        self.seq = 0
        self._handlers = [_Handler(subscription, owner) for owner, subscription in subscriptions]
        self._wanted: dict[type[ev.Event], tuple[Callable[[ev.Event], None], ...]] = {}
        self._open: dict[int, type[Chunk]] = {}
        self._tools: set[str] = set()
        self._queue: deque[ev.Event] | None = deque() if stream else None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # --- publishing

    def emit(self, kind: type[ev.Event], *values: object) -> None:
        """Publish an event of this type; ``values`` are its own fields, in order."""
        self.seq += 1
        takers = self._wanted.get(kind)
        if takers is None:
            takers = self._find_takers(kind)
        if takers:
            event = kind(self.seq, self.origin, *values)
            for take in takers:
                take(event)

    def _find_takers(self, kind: type[ev.Event]) -> tuple[Callable[[ev.Event], None], ...]:
        takers = [handler.take for handler in self._handlers if issubclass(kind, handler.types)]
        if self._queue is not None:
            takers.append(self._enqueue)
        self._wanted[kind] = tuple(takers)
        return self._wanted[kind]

    def model_call_started(self, step: int, model: str, message_id: str) -> None:
        self._open.clear()
        self.emit(ev.ModelCallStarted, step, model, message_id)

    def chunk(self, block: int, chunk: Chunk) -> None:
        """Publish a chunk of the model; ``block`` is the number of its content block."""
        kind = type(chunk)
        if block not in self._open:
            if block < 0:
                return
            self._start(block, chunk)
        if kind is TextChunk:
            self.emit(ev.TextDelta, block, chunk.text)  # type: ignore[union-attr]
        elif kind is ThinkingChunk:
            self.emit(ev.ThinkingDelta, block, chunk.text)  # type: ignore[union-attr]
        elif isinstance(chunk, ToolCallChunk):
            if chunk.arguments:
                self.emit(ev.ToolCallDelta, block, chunk.arguments)
        elif isinstance(chunk, MediaChunk):
            self.emit(ev.MediaAdded, block, chunk.block)

    def _start(self, block: int, chunk: Chunk) -> None:
        """Open a block. Text ends where another block begins; calls may be interleaved and end with the answer."""
        for number in [number for number, kind in self._open.items() if kind is not ToolCallChunk]:
            self._end(number)
        self._open[block] = type(chunk)
        self.emit(ev.BlockStarted, block, _BLOCK_KINDS[type(chunk)])
        if isinstance(chunk, ToolCallChunk):
            self.emit(ev.ToolCallStarted, block, chunk.id or "", chunk.name or "")

    def _end(self, block: int) -> None:
        del self._open[block]
        self.emit(ev.BlockEnded, block)

    def model_call_ended(self, reason: FinishReason | None, usage: Usage, message: Msg | None) -> None:
        for block in sorted(self._open):
            self._end(block)
        self.emit(ev.ModelCallEnded, reason, usage, message)

    def tool_started(self, call: ToolUseBlock) -> None:
        self._tools.add(call.id)
        self.emit(ev.ToolStarted, call.id, call.name, call.input)

    def tool_output(self, call_id: str, output: tuple[ContentBlock, ...]) -> None:
        if call_id in self._tools:
            self.emit(ev.ToolOutput, call_id, output)

    def tool_ended(self, result: ToolResultBlock) -> None:
        self._tools.discard(result.id)
        self.emit(ev.ToolEnded, result)

    def close(self) -> None:
        """Hand out what waits in batches; the stream ends after what is queued."""
        for handler in self._handlers:
            handler.flush()
        self._wake(self._reader)

    # --- the stream of one reader

    @property
    def behind(self) -> bool:
        """Whether the reader of the stream is so far behind that the run should wait for it."""
        return self._queue is not None and len(self._queue) >= QUEUE_LIMIT

    async def caught_up(self) -> None:
        """Wait until the reader has taken what was queued."""
        while self.behind:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer

    async def next_events(self, ended: Callable[[], bool]) -> list[ev.Event]:
        """Return the events that wait, at least one; an empty list when the run has ended and all were taken."""
        assert self._queue is not None, "this run was not started as a stream"
        while not self._queue:
            if ended():
                return []
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        taken = list(self._queue)
        self._queue.clear()
        self._wake(self._writer)
        return taken

    def abandon(self) -> None:
        """The reader has gone: nothing is queued any more."""
        self._queue = None
        self._wanted.clear()
        self._wake(self._writer)

    def _enqueue(self, event: ev.Event) -> None:
        assert self._queue is not None
        self._queue.append(event)
        self._wake(self._reader)

    @staticmethod
    def _wake(waiting: asyncio.Future[None] | None) -> None:
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


_BLOCK_KINDS: dict[type, ev.BlockKind] = {
    TextChunk: "text",
    ThinkingChunk: "thinking",
    ToolCallChunk: "tool_use",
    MediaChunk: "media",
}
