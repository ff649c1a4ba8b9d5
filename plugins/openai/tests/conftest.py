"""A peer on loopback that answers with the bytes it is given, and what the tests build those bytes from."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIChatModel


@dataclass
class Seen:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """What the peer sends, byte for byte, and how it ends the connection."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    end: Literal["close", "reset", "stall", "keep", "drop"] = "close"

    def head(self) -> bytes:
        fields = {"Content-Type": self.content_type, **self.headers}
        fields |= {"Content-Length": str(len(self.body))} if self.end == "keep" else {"Connection": "close"}
        lines = [f"HTTP/1.1 {self.status} Whatever", *[f"{name}: {value}" for name, value in fields.items()]]
        return "\r\n".join([*lines, "", ""]).encode()


class Peer:
    """An HTTP server that gives its answers in order, the last one for ever."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self._answers: list[Answer] = []
        self._stalled = asyncio.Event()
        self.url = ""

    def answers(self, *answers: Answer | bytes) -> None:
        self._answers = [Answer(answer) if isinstance(answer, bytes) else answer for answer in answers]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.seen.append(Seen(head[0].split()[1], headers, json.loads(body)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer.end != "drop":
            writer.write(answer.head() + answer.body)
            await writer.drain()
        if answer.end in ("reset", "drop"):
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if answer.end == "stall":
            await self._stalled.wait()
        return answer.end == "keep"

    async def run(self) -> AsyncIterator[Peer]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            self._stalled.set()
            server.close()
            await server.wait_closed()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with aclosing(Peer().run()) as running:
        async for peer in running:
            yield peer


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
async def model(peer: Peer) -> AsyncIterator[Callable[..., OpenAIChatModel]]:
    """Makes models that talk to the peer and do not retry."""
    made: list[OpenAIChatModel] = []

    def make(name: str = "m", **options: Any) -> OpenAIChatModel:
        options = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0)} | options
        made.append(OpenAIChatModel(name, **options))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def sse() -> Callable[..., bytes]:
    """Bytes of a stream: one event per object or text."""

    def stream(*events: Any) -> bytes:
        texts = [event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in events]
        return "".join([f"data: {text}\n\n" for text in texts]).encode()

    return stream


@pytest.fixture
def delta() -> Callable[..., dict[str, Any]]:
    """One chunk of a stream: ``delta(content="Hi")``, ``delta(finish="stop")``."""

    def chunk(finish: str | None = None, **fields: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice]}

    return chunk


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Sends one request and returns the chunks."""

    async def collect(model: OpenAIChatModel, text: str = "Hello", **fields: Any) -> list[Any]:
        request = ModelRequest(fields.pop("messages", [Msg("user", text)]), **fields)
        async with aclosing(model.stream(request)) as chunks:
            return [chunk async for chunk in chunks]

    return collect


@pytest.fixture
def response() -> Callable[[list[Any]], Any]:
    """Folds chunks that end with exactly one ``Finish`` into a response."""

    def fold(chunks: list[Any]) -> Any:
        assert [type(chunk) for chunk in chunks].count(Finish) == 1
        assert isinstance(chunks[-1], Finish)
        builder = ResponseBuilder()
        for chunk in chunks:
            builder.add(chunk)
        return builder.response()

    return fold
