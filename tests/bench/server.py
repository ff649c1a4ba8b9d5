"""The model at the other end: an HTTP server that answers with bytes made beforehand, faster than any client asks.

``python server.py`` listens on a free port of the loopback, prints the port, and ends when its standard input closes.
The first part of a request's path is the script to follow; the rest of the path does not matter:

    /hello/…            the same short answer, always
    /chunks-2000/…      an answer of 2,000 pieces, in a burst of large HTTP chunks
    /events-2000/…      the same, each event in an HTTP chunk of its own, as application servers send them
    /rounds-10/…        one tool call, until the request holds the results of 10; then the answer
    /parallel-50/…      50 tool calls in one answer, until the request holds their results; then the answer

``-after-100`` behind a script makes every answer come 100 ms later. ``/stats`` tells how many requests came, and how
many bytes their bodies had, since it was last asked; ``/last`` returns the body of the last request.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from functools import cache, partial

import answers

Script = Callable[[bytearray, int, bool], bytes]


class Counters:
    """What the server has seen since ``/stats`` was last asked."""

    def __init__(self) -> None:
        self.requests = 0
        self.body_bytes = 0
        self.last_body = b"null"

    def count(self, body: bytearray) -> None:
        self.requests += 1
        self.body_bytes += len(body)
        self.last_body = body

    def take(self) -> bytes:
        """The numbers so far, as a response; counting starts anew."""
        body = json.dumps({"requests": self.requests, "body_bytes": self.body_bytes}).encode()
        self.requests = self.body_bytes = 0
        return answers.plain(body)


@cache
def text_answer(streamed: bool) -> bytes:
    return answers.streamed_text([answers.ANSWER]) if streamed else answers.whole_text()


@cache
def long_answer(pieces: int, streamed: bool, one_http_chunk_per_event: bool) -> bytes:
    texts = [answers.TOKEN] * pieces
    if streamed:
        return answers.streamed_text(texts, one_http_chunk_per_event=one_http_chunk_per_event)
    return answers.whole_text("".join(texts))


@cache
def calls_answer(number: int, round_: int, streamed: bool) -> bytes:
    return (answers.streamed_calls if streamed else answers.whole_calls)(number, round_)


def hello(_body: bytearray, _size: int, streamed: bool) -> bytes:
    return text_answer(streamed)


def chunks(_body: bytearray, size: int, streamed: bool) -> bytes:
    return long_answer(size, streamed, one_http_chunk_per_event=False)


def events(_body: bytearray, size: int, streamed: bool) -> bytes:
    return long_answer(size, streamed, one_http_chunk_per_event=True)


def rounds(body: bytearray, size: int, streamed: bool) -> bytes:
    done = tool_results(body)
    return calls_answer(1, done, streamed) if done < size else text_answer(streamed)


def parallel(body: bytearray, size: int, streamed: bool) -> bytes:
    return calls_answer(size, 0, streamed) if tool_results(body) < size else text_answer(streamed)


def tool_results(body: bytearray) -> int:
    return body.count(b'"role":"tool"') or body.count(b'"role": "tool"')


def is_streamed(body: bytearray) -> bool:
    return b'"stream":true' in body or b'"stream": true' in body


SCRIPTS: dict[str, Script] = {
    "hello": hello,
    "chunks": chunks,
    "events": events,
    "rounds": rounds,
    "parallel": parallel,
}


@cache
def script_of(path: bytes) -> tuple[Script, int, float]:
    """Return the script, its size and its delay in seconds, from a path such as ``/rounds-3-after-100/chat``."""
    name, *words = path.split(b"/")[1].decode().split("-")
    size, after = 0, 0.0
    while words:
        word = words.pop(0)
        if word == "after":
            after = int(words.pop(0)) / 1000
        else:
            size = int(word)
    return SCRIPTS[name], size, after


class Connection(asyncio.Protocol):
    """One kept-alive connection: understands POST with a Content-Length, and GET."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._received = bytearray()
        self._path = b""
        self._missing = -1
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._missing < 0 and not self._read_head():
            return
        if len(self._received) >= self._missing:
            body = self._received[: self._missing]
            del self._received[: self._missing]
            self._missing = -1
            self._respond(body)

    def _read_head(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._received[:end])
        del self._received[: end + 4]
        self._path = head.split(b" ", 2)[1]
        length = head.lower().partition(b"\r\ncontent-length:")[2]
        self._missing = int(length.partition(b"\r\n")[0] or 0)
        return True

    def _respond(self, body: bytearray) -> None:
        if self._path == b"/stats":
            self._transport.write(self._counters.take())
        elif self._path == b"/last":
            self._transport.write(answers.plain(self._counters.last_body))
        else:
            self._follow_script(body)

    def _follow_script(self, body: bytearray) -> None:
        self._counters.count(body)
        script, size, after = script_of(self._path)
        answer = script(body, size, is_streamed(body))
        if after:
            asyncio.get_running_loop().call_later(after, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Connection, Counters()), "127.0.0.1", 0, backlog=4096)
    parent_gone = asyncio.Event()
    loop.add_reader(sys.stdin, parent_gone.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await parent_gone.wait()
    loop.remove_reader(sys.stdin)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
