"""A server on loopback that misbehaves as it is told, and what the tests of this package share.

A test gives the ``faults`` server one answer per request: bytes, or an async function of the ``Exchange``. The last
answer is used for all further requests. Everything that was asked is in ``faults.requests``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from trouplet_http import Endpoint, make_client

CERTIFICATE = Path(__file__).parent / "data" / "localhost.pem"

Answer = bytes | Callable[["Exchange"], Awaitable[None]]


def http_response(
    body: bytes = b"", *, status: int = 200, kind: str = "application/json", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a whole response with a Content-Length."""
    lines = [f"HTTP/1.1 {status} Status", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a whole JSON response."""
    return http_response(json.dumps(value).encode(), status=status, headers=headers)


def stream_head(kind: str = "text/event-stream") -> bytes:
    """Return the head of a response in chunks."""
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    """Return one HTTP chunk; the empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass
class Request:
    """A request as the server has read it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass
class Exchange:
    """One request and the means to answer it."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes and wait until they are on their way."""
        self.writer.write(data)
        await self.writer.drain()

    async def stall(self) -> None:
        """Send nothing more until the client goes away."""
        while await self.reader.read(4096):
            pass

    async def drip(self, data: bytes, every: float) -> None:
        """Send one byte at a time until all are sent or the client goes away."""
        for byte in data:
            if self.reader.at_eof():
                break
            await self.send(bytes((byte,)))
            await asyncio.sleep(every)

    def close(self) -> None:
        """End the connection in the ordinary way."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class FaultServer:
    """Answers each request with the next of its answers."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has gone."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number, self.connections = self.connections, self.connections + 1
        try:
            while (request := await _read_request(reader, number)) is not None:
                self.requests.append(request)
                await self._answer(Exchange(request, reader, writer))
                if writer.is_closing():
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.closed.set()
            writer.close()
            self._tasks.discard(task)

    async def _answer(self, exchange: Exchange) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, bytes):
            await exchange.send(answer)
        else:
            await answer(exchange)

    async def all_gone(self) -> None:
        """Wait until no client is connected any more."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, connection)


@asynccontextmanager
async def running(server: FaultServer, *, tls: bool = False) -> AsyncIterator[FaultServer]:
    """Run a fault server while the block runs."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context, backlog=4096)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    async with running(FaultServer()) as server:
        yield server


@pytest.fixture
async def tls_faults() -> AsyncIterator[FaultServer]:
    async with running(FaultServer(), tls=True) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as client:
        yield client


@pytest.fixture
def endpoint(client: httpx.AsyncClient, faults: FaultServer) -> Callable[..., Endpoint]:
    """Make an endpoint at the fault server; its keyword arguments are those of ``Endpoint``."""

    def make(**options: object) -> Endpoint:
        options = {"provider": "acme", "base_url": faults.url} | options
        return Endpoint(client, **options)

    return make


@pytest.fixture
def wire() -> object:
    """The functions that make responses, for test modules that cannot import this one."""

    class Wire:
        response = staticmethod(http_response)
        json = staticmethod(json_response)
        head = staticmethod(stream_head)
        chunk = staticmethod(chunk)
        certificate = CERTIFICATE

    return Wire
