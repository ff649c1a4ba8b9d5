"""Reads one streamed answer: opens it, passes on its records, and sees to it that it does not stand still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import httpx

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet_http.answers import AnswerReader, close_pieces, pieces
from trouplet_http.errors import StreamTimedOut

if TYPE_CHECKING:
    from collections.abc import Collection

    from trouplet_http.deadline import Deadline

R = TypeVar("R")
T = TypeVar("T")

_PROGRESS = 16 * 1024
_DRAIN_SECONDS = 0.5


class Decoder(Protocol[R]):
    """Cuts a stream of bytes into records. ``pending`` is the size of the record that is not complete."""

    @property
    def pending(self) -> int: ...

    def feed(self, data: bytes) -> list[R]: ...

    def finish(self) -> list[R]: ...


class StreamReader(Generic[R]):
    """One streamed answer.

    Content is a record that ``is_content`` accepts, or each further 16 KiB of a large one. Only the time spent
    waiting for the provider counts against ``idle_timeout``, not what the consumer takes; the deadline runs on in any
    case.
    """

    def __init__(
        self,
        answers: AnswerReader,
        decoder: Decoder[R],
        is_content: Callable[[list[R]], bool],
        deadline: Deadline,
        *,
        provider: str,
        idle_timeout: float,
        max_bytes: int,
    ) -> None:
        self._answers = answers
        self._decoder = decoder
        self._is_content = is_content
        self._deadline = deadline
        self._provider = provider
        self._idle_timeout = idle_timeout
        self._idle_left = idle_timeout
        self._max_bytes = max_bytes
        self._received = 0
        self._mark = 0
        self._response: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None
        self._first = b""

    async def open(self, send: Callable[[], Awaitable[httpx.Response]], kinds: Collection[str]) -> None:
        """Send the request and wait for the first bytes of the stream: until they are here, it may be sent again."""
        self._idle_left = self._idle_timeout
        self._response = await self._timed(send())
        try:
            await self._timed(self._answers.refuse_other_streams(self._response, kinds))
            self._pieces = pieces(self._response)
            self._first = await self._next_piece()
        except BaseException:
            await self.aclose()
            raise

    async def next(self) -> list[R]:
        """Return the records that the next network reads complete; none at the end of the stream."""
        while piece := self._first or await self._next_piece():
            self._first = b""
            self._count(len(piece))
            records = self._decoder.feed(piece)
            self._note_progress(records)
            if records:
                return records
        return self._decoder.finish()

    async def aclose(self) -> None:
        """Let go of the connection; unless the stream has ended, it is closed."""
        response, stream, self._response, self._pieces = self._response, self._pieces, None, None
        if response is None:
            return
        try:
            if stream is not None:
                await close_pieces(stream)
        finally:
            await response.aclose()

    def _count(self, size: int) -> None:
        self._received += size
        if self._received > self._max_bytes:
            raise StreamInterrupted(
                f"the stream of {self._provider} was cut off after {self._max_bytes:,} bytes",
                provider=self._provider,
                details={"limit": self._max_bytes},
                fix="Raise the endpoint's limit if answers of this size are expected",
            )

    def _note_progress(self, records: list[R]) -> None:
        pending = self._decoder.pending
        if self._is_content(records) or pending - self._mark >= _PROGRESS:
            self._idle_left = self._idle_timeout
            self._mark = pending
        elif records:
            self._mark = pending

    async def _next_piece(self) -> bytes:
        """Return the next bytes; empty at the end of the stream."""
        assert self._pieces is not None
        assert self._response is not None
        try:
            return await self._timed(anext(self._pieces, b""))
        except (httpx.HTTPError, OSError) as error:
            if isinstance(error, ModelError):
                raise
            failure = self._answers.interruption(self._response, error, received=self._received)
        raise failure

    async def _timed(self, waiting: Awaitable[T]) -> T:
        """Wait for the provider, as long as the deadline and the idle time allow."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(min(self._idle_left, self._deadline.remaining())):
                return await waiting
        except TimeoutError as error:
            if isinstance(error, ModelError):
                raise
        finally:
            self._idle_left -= loop.time() - started
        raise self._timed_out()

    def _timed_out(self) -> DeadlineExceeded:
        kind = StreamTimedOut if self._received else DeadlineExceeded
        if self._deadline.remaining() <= 0:
            return kind(
                f"the stream of {self._provider} did not end within {self._deadline.seconds:g} s",
                provider=self._provider,
                fix="Give the call a longer deadline if answers may take this long",
            )
        return kind(
            f"the stream of {self._provider} brought no content for {self._idle_timeout:g} s",
            provider=self._provider,
            fix="Raise idle_timeout if the provider may think this long without a word",
        )


async def drain(batches: AsyncIterator[object]) -> None:
    """Read a stream that is complete to the end of its response, which lets its connection serve the next one."""
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in batches:
                pass
    except (TimeoutError, ModelError):
        pass  # only the connection is lost
