"""A provider that costs its clients' measurement nothing: raw asyncio, answers made beforehand, kept connections.

Prints its port. ``/call`` answers at once, ``/slow`` after 300 ms, ``/stream/N`` with N server-sent events at once.
"""

import asyncio
import json

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19},
}


def whole_answer() -> bytes:
    body = json.dumps(ANSWER).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def stream(count: int) -> bytes:
    parts = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"]
    for number in range(count):
        delta = {"id": "c", "choices": [{"index": 0, "delta": {"content": f" w{number}"}, "finish_reason": None}]}
        parts.append(chunk(b"data: " + json.dumps(delta).encode() + b"\n\n"))
    return b"".join([*parts, chunk(b"data: [DONE]\n\n"), chunk(b"")])


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CALL = whole_answer()
STREAMS = {f"/stream/{count}".encode(): stream(count) for count in (2000, 20000)}


class Provider(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.request_end()) is not None:
            path = self.buffer.split(b" ", 2)[1]
            self.buffer = self.buffer[end:]
            if path == b"/slow":
                asyncio.get_running_loop().call_later(0.3, self.write, CALL)
            else:
                self.write(STREAMS.get(path, CALL))

    def request_end(self) -> int | None:
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        length = self.buffer[:head_end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        end = head_end + 4 + int(length or 0)
        return end if len(self.buffer) >= end else None

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
