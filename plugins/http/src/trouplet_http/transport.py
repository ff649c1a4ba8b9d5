"""The default transport of the shared client: HTTP/1.1 on asyncio, behind httpx's transport interface.

h11 writes the requests and reads the heads of the responses, strictly; ``framing`` reads the bodies; ``pool`` keeps
the connections. Why not httpx's own: its pool looks at every open connection for every request. Why not aiohttp's:
importing it costs more than everything else together. The figures are in the README.

Limits: HTTP/1.1 only, no Unix sockets, no protocol upgrades. Requests through a proxy go through httpx's own transport
(see ``proxies``).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import httpx

from trouplet_http.connection import connect
from trouplet_http.framing import framing_of
from trouplet_http.pool import ConnectionPool, Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from ssl import SSLContext

    import h11

    from trouplet_http.connection import Connection
    from trouplet_http.framing import Framing

_MAX_HEAD = 100 * 1024
_PIECE = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


class AsyncioTransport(httpx.AsyncBaseTransport):
    """Sends httpx requests over connections that are kept and used again.

    ``ssl_context`` makes the TLS context; it is called once, in a thread, when the first ``https`` request is sent.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], SSLContext] = httpx.create_ssl_context,
        max_connections: int | None = None,
        keepalive: float = 30.0,
    ) -> None:
        self._make_ssl_context = ssl_context
        self._ssl_context: SSLContext | None = None
        self._pool = ConnectionPool(max_connections=max_connections, keepalive=keepalive)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the response as soon as its head is there."""
        timeouts = request.extensions.get("timeout", {})
        origin = _origin(request)

        async def open_connection() -> Connection:
            ssl = await self._ssl() if origin.scheme == "https" else None
            return await connect(origin, ssl=ssl, server_name=origin.server_name, timeout=timeouts.get("connect"))

        connection = await self._pool.acquire(origin, open_connection, timeout=timeouts.get("pool"))
        try:
            response, body = await _exchange(connection, request, timeouts)
        except BaseException:
            self._pool.release(connection, reusable=False)
            raise
        stream = ResponseBody(connection, *body, timeout=timeouts.get("read"), release=self._pool.release)
        if stream.ended:
            stream.release()
        return httpx.Response(
            response.status_code,
            headers=response.headers.raw_items(),
            stream=stream,
            extensions={"http_version": b"HTTP/" + response.http_version, "reason_phrase": bytes(response.reason)},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _ssl(self) -> SSLContext:
        if self._ssl_context is None:
            # Reading the trusted certificates takes tens of milliseconds.
            self._ssl_context = await asyncio.to_thread(self._make_ssl_context)
        return self._ssl_context


class ResponseBody(httpx.AsyncByteStream):
    """The body of one response. Its connection goes back to the pool at its end, or is closed if it is left before."""

    __slots__ = ("_connection", "_first", "_framing", "_keep_alive", "_release", "_released", "_timeout")

    def __init__(
        self,
        connection: Connection,
        framing: Framing,
        first: bytes,
        keep_alive: bool,
        *,
        timeout: float | None,
        release: Callable[..., None],
    ) -> None:
        self._connection = connection
        self._framing = framing
        self._keep_alive = keep_alive
        self._timeout = timeout
        self._release = release
        self._released = False
        self._first = framing.feed(first) if first else b""
        if first and framing.done and framing.excess:
            self._keep_alive = False

    @property
    def ended(self) -> bool:
        """Whether the whole body has been read off the connection."""
        return self._framing.done

    def release(self) -> None:
        """Give the connection back, or close it if the body has not been read to its end."""
        if not self._released:
            self._released = True
            framing = self._framing
            self._release(self._connection, reusable=framing.done and self._keep_alive and not framing.excess)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self)

    async def read(self) -> bytes:
        """Return the next bytes of the body; empty at its end."""
        if self._first:
            data, self._first = self._first, b""
            return data
        try:
            while not self._framing.done:
                if data := await self._receive():
                    return data
        except BaseException:
            self.release()
            raise
        self.release()
        return b""

    async def aclose(self) -> None:
        """Let go of the connection."""
        self.release()

    async def _receive(self) -> bytes:
        arrived = await self._connection.receive(self._timeout)
        if not arrived:
            self._framing.end()
            return b""
        data = self._framing.feed(arrived)
        if self._framing.done:
            self.release()
        return data


class _Pieces:
    """Iterates over a body in pieces that bound what decompressing one of them can bring.

    A class and not an async generator: nothing has to be finalised when it is left early.
    """

    __slots__ = ("_body", "_data", "_position")

    def __init__(self, body: ResponseBody) -> None:
        self._body = body
        self._data = b""
        self._position = 0

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        if self._position >= len(self._data):
            self._position = 0
            self._data = await self._body.read()
            if not self._data:
                raise StopAsyncIteration
            if len(self._data) <= _PIECE:
                data, self._data = self._data, b""
                return data
        start = self._position
        self._position = start + _PIECE
        return self._data[start : self._position]


async def _exchange(
    connection: Connection, request: httpx.Request, timeouts: dict[str, float | None]
) -> tuple[h11.Response, tuple[Framing, bytes, bool]]:
    """Write a request and read the head of its response; the rest is the body's framing, first bytes and keep-alive."""
    import h11

    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    try:
        # The server may answer before it has read everything: its answer says more than the broken pipe.
        with contextlib.suppress(httpx.WriteError):
            await _write(connection, protocol, request, timeouts.get("write"))
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    try:
        response = await _read_head(connection, protocol, timeouts.get("read"))
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    framing = framing_of(request.method.encode(), response.status_code, response.headers)
    keep_alive = response.http_version == b"1.1" and not _says_close((*response.headers, *request.headers.raw))
    return response, (framing, protocol.trailing_data[0], keep_alive)


async def _write(
    connection: Connection, protocol: h11.Connection, request: httpx.Request, timeout: float | None
) -> None:
    import h11

    assert isinstance(request.stream, httpx.AsyncByteStream)
    target = request.extensions.get("target", request.url.raw_path)
    pending = protocol.send(h11.Request(method=request.method, target=target, headers=request.headers.raw))
    async for part in request.stream:
        await connection.send(pending + protocol.send(h11.Data(data=part)), timeout)
        pending = b""
    pending += protocol.send(h11.EndOfMessage())
    if pending:
        await connection.send(pending, timeout)


async def _read_head(connection: Connection, protocol: h11.Connection, timeout: float | None) -> h11.Response:
    import h11

    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            data = await connection.receive(timeout)
            if not data and not protocol.trailing_data[0]:
                raise httpx.RemoteProtocolError("The server ended the connection without an answer.")
            protocol.receive_data(data)
        elif isinstance(event, h11.Response):
            return event
        elif not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
            raise httpx.RemoteProtocolError("The server answered with something that is not a response.")


def _says_close(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"connection" and b"close" in value.lower() for name, value in headers)


def _origin(request: httpx.Request) -> Origin:
    url = request.url
    default_port = _DEFAULT_PORTS.get(url.scheme)
    if default_port is None:
        raise httpx.UnsupportedProtocol(f"The URL has the protocol {url.scheme!r}, not http or https.")
    if not url.raw_host:
        raise httpx.UnsupportedProtocol("The URL has no host.")
    return Origin(
        url.scheme, url.raw_host.decode("ascii"), url.port or default_port, request.extensions.get("sni_hostname")
    )
