"""A raw TCP server on loopback that replays bytes and misbehaves as told: cuts, stalls, resets, slow drips.

Each connection plays the next script, a sequence of

- ``bytes``: sent as they are, so that a fixture can be cut anywhere: ``reply[:n]``;
- a number: a pause of so many seconds;
- ``READ``: wait for the next request on this connection (a script begins with one by itself);
- ``STALL``: send nothing more until the client closes;
- ``RESET``: end the connection with a TCP reset instead of a clean end.

After its script a connection is closed cleanly. ``SILENT`` as the first part leaves out the wait for a request.

A server that is given ``respond`` chooses a script for each request instead, on any connection: it is asked with the
request, and the connection is kept for the next one when the script ends with ``READ``. A script may be endless.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self


class Fault(enum.Enum):
    """What a script can do besides sending and pausing."""

    READ = "read"
    STALL = "stall"
    RESET = "reset"
    SILENT = "silent"


READ, STALL, RESET, SILENT = Fault.READ, Fault.STALL, Fault.RESET, Fault.SILENT

Part: TypeAlias = bytes | float | Fault
Script: TypeAlias = bytes | Iterable[Part]


@dataclass(slots=True)
class Request:
    """One HTTP request as it arrived, with the event loop's time of its arrival. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived: float = 0.0


Respond: TypeAlias = Callable[[Request], Script]


@dataclass(slots=True)
class Connection:
    """What happened on one connection.

    ``busy`` says that a request is being answered. ``closed`` is set when the client has let go of the connection, or
    the script has.
    """

    requests: list[Request] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    busy: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)


class FaultServer:
    """``async with FaultServer([script, …]) as server`` serves at ``server.url``.

    Connections beyond the scripts play the last one again with ``repeat=True``; otherwise they are reset, and leaving
    the block raises ``AssertionError``. ``FaultServer(respond=…)`` asks for a script with each request.
    """

    def __init__(self, scripts: Iterable[Script] = (), *, repeat: bool = False, respond: Respond | None = None) -> None:
        self.connections: list[Connection] = []
        self.surplus = 0
        self._scripts = list(scripts)
        self._repeat = repeat
        self._respond = respond
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that the system gave."""
        assert self._server is not None, "the server runs inside of `async with`"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Request]:
        """The requests of all connections, by connection."""
        return [request for connection in self.connections for request in connection.requests]

    @property
    def open_connections(self) -> int:
        """How many connections have not ended."""
        return sum([not connection.closed.is_set() for connection in self.connections])

    @property
    def in_flight(self) -> int:
        """How many requests are being answered."""
        return sum([connection.busy for connection in self.connections])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        assert self._server is not None, "the server was started"
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        if error is None and self.surplus:
            raise AssertionError(f"{self.surplus} connections more than the {len(self._scripts)} scripts")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        assert self._server is not None, "only a started server accepts"
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        connection = Connection()
        self.connections.append(connection)
        try:
            await self._serve(connection, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which `connection` tells
        except asyncio.CancelledError:
            if self._server.is_serving():  # otherwise it was this server that cancelled, and asyncio would log it
                raise
        finally:
            connection.busy = False
            connection.closed.set()
            writer.close()

    async def _serve(self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._respond is None:
            parts = _parts(self._script(len(self.connections) - 1))
            first = next(parts, SILENT)
            if first is not SILENT:
                await _read_request(connection, reader)
                parts = chain((first,), parts)
            await _play(parts, connection, reader, writer)
            return
        await _read_request(connection, reader)
        while await _play(_parts(self._respond(connection.requests[-1])), connection, reader, writer):
            pass

    def _script(self, number: int) -> Script:
        if number < len(self._scripts):
            return self._scripts[number]
        if self._repeat:
            return self._scripts[-1]
        self.surplus += 1
        return (SILENT, RESET)


def _parts(script: Script) -> Iterator[Part]:
    return iter((script,) if isinstance(script, bytes) else script)


async def _play(
    parts: Iterator[Part], connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Play a script; tell whether its last word was to read another request."""
    part: Part | None = None
    for part in parts:
        match part:
            case bytes():
                writer.write(part)
                await writer.drain()
            case Fault.READ:
                await _read_request(connection, reader)
            case Fault.STALL:
                connection.received += await reader.read()
            case Fault.RESET:
                _reset(writer)
                return False
            case Fault.SILENT:
                continue
            case _:
                await asyncio.sleep(part)
    return part is READ


async def _read_request(connection: Connection, reader: asyncio.StreamReader) -> None:
    connection.busy = False
    head = await reader.readuntil(b"\r\n\r\n")
    connection.received += head
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = [line.partition(":") for line in lines if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    if headers.get("transfer-encoding") == "chunked":
        body = await _read_chunked(connection, reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        connection.received += body
    connection.requests.append(Request(method, path, headers, body, asyncio.get_running_loop().time()))
    connection.busy = True


async def _read_chunked(connection: Connection, reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readline()
        size = int(line.partition(b";")[0], 16)
        data = await reader.readexactly(size + 2)
        connection.received += line + data
        if size == 0:
            return body
        body += data[:-2]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset: with a linger time of zero the system drops what is unsent."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def response(
    body: bytes, *, status: int = 200, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a whole HTTP response; the connection may be kept."""
    return head(status, {"content-type": content_type, "content-length": str(len(body)), **(headers or {})}) + body


def event_stream(*events: str, status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Return an HTTP response that streams server-sent events with this data, each in an HTTP chunk of its own."""
    start = head(status, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})})
    return start + b"".join([chunk(f"data: {event}\n\n".encode()) for event in events]) + LAST_CHUNK


LAST_CHUNK = b"0\r\n\r\n"
"""What ends a response in chunks."""


def chunk(data: bytes) -> bytes:
    """Return data as one chunk of a response in chunks."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the head of a response."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode("latin-1")
