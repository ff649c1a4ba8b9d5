"""Records exchanges with a provider to a file, one JSON line each, for tests that replay them.

A line holds ``number`` (the order in which the requests were sent), ``request`` (method, url, headers, body) and
``response`` (status, headers, and the body's chunks as they arrived) or ``error`` (what httpx raised instead). Bodies
are text where they are UTF-8 (``"text"``) and base64 where they are not (``"base64"``). Secrets are redacted before
anything is written; a body in which one was found is kept as a single chunk.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import httpx

from trouplet_http.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from trouplet.secret import Secret


class RecordingTransport(httpx.AsyncBaseTransport):
    """Passes requests on to ``inner`` and appends each exchange to ``path`` when its response is closed."""

    def __init__(self, inner: httpx.AsyncBaseTransport, path: Path, *, secrets: Iterable[Secret | str] = ()) -> None:
        self._inner = inner
        self._path = path
        self._redactor = Redactor(secrets)
        self._count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and record what comes back."""
        number, self._count = self._count, self._count + 1
        record: dict[str, object] = {"number": number, "request": await describe_request(request, self._redactor)}
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.HTTPError as error:
            await self.write(record | {"error": _describe_error(error, self._redactor)})
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        head = {"status": response.status_code, "headers": self._redactor.headers(response.headers.multi_items())}
        recorded = _RecordedStream(response.stream, self, record, head, self._redactor)
        if response.is_stream_consumed:
            # A response that was made with its content is never read from its stream.
            recorded.chunks.append(response.content)
            await recorded.aclose()
        else:
            response.stream = recorded
        return response

    async def write(self, record: dict[str, object]) -> None:
        """Append one exchange to the file."""
        line = json.dumps(record, ensure_ascii=False) + "\n"
        await asyncio.to_thread(self._append, line.encode("utf-8", "replace"))

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(line)

    async def aclose(self) -> None:
        """Close the transport underneath."""
        await self._inner.aclose()


class _RecordedStream(httpx.AsyncByteStream):
    """A response body that remembers its chunks."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        transport: RecordingTransport,
        record: dict[str, object],
        head: dict[str, object],
        redactor: Redactor,
    ) -> None:
        self._stream = stream
        self._transport = transport
        self._record = record
        self._head = head
        self._redactor = redactor
        self.chunks: list[bytes] = []
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self.chunks.append(chunk)
                yield chunk
        except httpx.HTTPError as error:
            self._record["error"] = _describe_error(error, self._redactor)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()
        if self._closed:
            return
        self._closed = True
        chunks = [encode_bytes(chunk) for chunk in _redacted_chunks(self.chunks, self._redactor)]
        await self._transport.write(self._record | {"response": self._head | {"chunks": chunks}})


async def describe_request(request: httpx.Request, redactor: Redactor) -> dict[str, object]:
    """Return a request as the JSON-able data that a recording holds."""
    body = await request.aread()
    (body,) = _redacted_chunks([body], redactor) or (b"",)
    return {
        "method": request.method,
        "url": redactor.text(str(request.url)),
        "headers": redactor.headers(request.headers.multi_items()),
        "body": encode_bytes(body),
    }


def encode_bytes(data: bytes) -> dict[str, str]:
    """Return bytes as JSON-able data."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def decode_bytes(data: dict[str, str]) -> bytes:
    """Return the bytes that ``encode_bytes`` was given."""
    return data["text"].encode() if "text" in data else base64.b64decode(data["base64"])


def _describe_error(error: httpx.HTTPError, redactor: Redactor) -> dict[str, str]:
    return {"type": type(error).__name__, "text": redactor.text(str(error))}


def _redacted_chunks(chunks: list[bytes], redactor: Redactor) -> list[bytes]:
    """Return the chunks; as a single one if a secret, which may be split between two of them, had to be taken out."""
    whole = b"".join(chunks)
    clean = redactor.text(whole.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return chunks if clean == whole else [clean]
