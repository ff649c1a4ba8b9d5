"""One HTTP/1.1 connection on the event loop: what has arrived, and what is still to be written."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

import httpx

if TYPE_CHECKING:
    from ssl import SSLContext

    from trouplet_http.pool import Origin

_NEXT_ADDRESS_AFTER = 0.25
_READ_AHEAD = 256 * 1024


class Connection(asyncio.Protocol):
    """A socket with the bytes that it has received.

    Reading stops while more than ``_READ_AHEAD`` bytes wait for their reader, so a fast server cannot fill the memory
    of a slow client. An idle connection that receives anything is closed: nobody asked for it.
    """

    __slots__ = (
        "_arrived",
        "_ended",
        "_error",
        "_loop",
        "_reading",
        "_size",
        "_transport",
        "_waiter",
        "_writable",
        "closed",
        "idle_since",
        "in_use",
        "origin",
    )

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.in_use = True
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._arrived: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._reading = True
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked with isinstance: the transports of uvloop are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self.in_use:
            self.abort()
            return
        self._arrived.append(data)
        self._size += len(data)
        if self._size > _READ_AHEAD and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the transport calls.

    @property
    def alive(self) -> bool:
        """Whether the connection can carry another exchange."""
        return not self._ended and self._transport is not None and not self._transport.is_closing()

    async def receive(self, timeout: float | None) -> bytes:
        """Return all bytes that have arrived, after waiting for the first; empty when the peer has ended."""
        if not self._arrived and not self._ended:
            await self._wait(timeout)
        if self._arrived:
            return self._take()
        if self._error is not None:
            raise httpx.ReadError(str(self._error) or type(self._error).__name__)
        return b""

    async def send(self, data: bytes, timeout: float | None) -> None:
        """Write ``data``, waiting while too much is still to be written."""
        if not self.alive or self._transport is None:
            raise httpx.WriteError("The connection was lost while the request was written.")
        self._transport.write(data)
        if self._writable is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self._writable
            except TimeoutError:
                raise httpx.WriteTimeout("The request could not be written in time.") from None

    def abort(self) -> None:
        """Close the socket at once."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def _take(self) -> bytes:
        arrived, self._arrived, self._size = self._arrived, [], 0
        if not self._reading and not self._ended and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
        return arrived[0] if len(arrived) == 1 else b"".join(arrived)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, timeout: float | None) -> None:
        self._waiter = waiter = self._loop.create_future()
        alarm = None if timeout is None else self._loop.call_later(timeout, _expire, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if alarm is not None:
                alarm.cancel()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(httpx.ReadTimeout("Nothing arrived in time."))


async def connect(
    origin: Origin, *, ssl: SSLContext | None, server_name: str | None, timeout: float | None
) -> Connection:
    """Open a connection: name resolution, TCP and TLS, all within ``timeout``."""
    loop = asyncio.get_running_loop()
    attempt = partial(
        loop.create_connection,
        partial(Connection, origin),
        origin.host,
        origin.port,
        ssl=ssl,
        server_hostname=(server_name or origin.host) if ssl is not None else None,
    )
    # uvloop's loop is none of asyncio's own, and cannot try several addresses at a time.
    if isinstance(loop, asyncio.BaseEventLoop) and not origin.is_address:
        attempt = partial(attempt, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER)
    connection: Connection
    try:
        async with asyncio.timeout(timeout):
            _, connection = await attempt()
    except TimeoutError as error:
        raise httpx.ConnectTimeout(f"No connection to {origin} in time.") from error
    except (OSError, ValueError) as error:
        raise httpx.ConnectError(f"No connection to {origin}: {error}") from error
    return connection
