"""Keeps the connections of one client: every step costs the same however many of them are open."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trouplet_http.connection import Connection

_DESCRIPTORS_FOR_OTHERS = 4


class Origin(NamedTuple):
    """Where a connection leads to. ``server_name`` is the name that its certificate must have, if not the host's."""

    scheme: str
    host: str
    port: int
    server_name: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the host is an address already, with one way to reach it."""
        return ":" in self.host or self.host.replace(".", "").isdigit()

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class ConnectionPool:
    """Hands out connections, the most recently used first, and takes them back.

    At most ``max_connections`` are open; who comes later waits in line. An idle connection is closed ``keepalive``
    seconds after its last use. A pool belongs to one event loop at a time; connections of a loop that has gone are
    forgotten.
    """

    def __init__(self, *, max_connections: int | None, keepalive: float) -> None:
        self._max_connections = max_connections or default_max_connections()
        self._keepalive = keepalive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._forget()

    def _forget(self) -> None:
        self._slots = asyncio.Semaphore(self._max_connections)
        self._idle: dict[Origin, deque[Connection]] = {}
        self._idle_count = 0
        self._active: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def acquire(
        self, origin: Origin, connect: Callable[[], Awaitable[Connection]], *, timeout: float | None
    ) -> Connection:
        """Return an idle connection to ``origin``, or a new one. ``timeout`` limits the wait in line."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._forget()
            self._loop = loop
        slots = self._slots
        await self._take_slot(timeout)
        try:
            connection = self._reuse(origin)
            if connection is None:
                self._make_room()
                connection = await connect()
        except BaseException:
            slots.release()
            raise
        if slots is not self._slots:
            connection.abort()
            raise httpx.ConnectError("The client was closed while it connected.")
        self._active.add(connection)
        return connection

    def release(self, connection: Connection, *, reusable: bool) -> None:
        """Take a connection back after its exchange."""
        if connection not in self._active:
            return
        self._active.discard(connection)
        self._slots.release()
        if not reusable or not connection.alive or self._loop is None:
            connection.abort()
            return
        connection.in_use = False
        connection.idle_since = self._loop.time()
        self._idle.setdefault(connection.origin, deque()).append(connection)
        self._idle_count += 1
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._keepalive, self._close_expired)

    async def aclose(self) -> None:
        """Close everything, and wait until the sockets are gone."""
        if self._sweep is not None:
            self._sweep.cancel()
        idle = [connection for waiting in self._idle.values() for connection in waiting]
        connections = [*self._active, *idle]
        same_loop = self._loop is asyncio.get_running_loop()
        self._forget()
        if not same_loop:
            return
        for connection in connections:
            connection.abort()
        if connections:
            await asyncio.wait([connection.closed for connection in connections], timeout=1.0)

    async def _take_slot(self, timeout: float | None) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout(f"All {self._max_connections} connections are in use.") from None

    def _reuse(self, origin: Origin) -> Connection | None:
        assert self._loop is not None
        oldest = self._loop.time() - self._keepalive
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            self._idle_count -= 1
            if not waiting:
                del self._idle[origin]
            if connection.alive and connection.idle_since >= oldest:
                connection.in_use = True
                return connection
            connection.abort()
        return None

    def _make_room(self) -> None:
        """Close the idle connection to another place that has waited longest, if the limit would be passed."""
        if len(self._active) + self._idle_count < self._max_connections or not self._idle_count:
            return
        origin = min(self._idle, key=lambda origin: self._idle[origin][0].idle_since)
        self._drop_oldest(origin)

    def _drop_oldest(self, origin: Origin) -> None:
        waiting = self._idle[origin]
        waiting.popleft().abort()
        self._idle_count -= 1
        if not waiting:
            del self._idle[origin]

    def _close_expired(self) -> None:
        assert self._loop is not None
        oldest = self._loop.time() - self._keepalive
        for origin in list(self._idle):
            while origin in self._idle and self._idle[origin][0].idle_since <= oldest:
                self._drop_oldest(origin)
        self._sweep = None
        if self._idle:
            next_one = min(waiting[0].idle_since for waiting in self._idle.values())
            self._sweep = self._loop.call_later(max(0.01, next_one - oldest), self._close_expired)


def default_max_connections() -> int:
    """Return 1,000, or three quarters of the descriptors that the process may open if those are fewer."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows has no such limit for sockets
        return 1000
    limit = getrlimit(RLIMIT_NOFILE)[0]
    if limit == RLIM_INFINITY:
        return 1000
    return max(8, min(1000, limit - limit // _DESCRIPTORS_FOR_OTHERS))
