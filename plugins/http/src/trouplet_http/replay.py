"""Replays recorded exchanges: a transport for tests that need no provider and no network."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from trouplet_http.errors import ReplayMismatch
from trouplet_http.record import decode_bytes, describe_request
from trouplet_http.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path
    from types import TracebackType

    from trouplet.secret import Secret

_NOT_REPLAYED = frozenset(("content-encoding", "content-length", "transfer-encoding"))


class ReplayTransport(httpx.AsyncBaseTransport):
    """Answers requests with the exchanges in ``path``, in the order in which they were recorded.

    The method, the URL and the body of each request must be those of the recorded one (JSON is compared as data;
    headers are not compared). Anything else raises ``ReplayMismatch``, and so does closing the transport before all
    exchanges have been used. ``secrets`` are those of the recording: they are redacted before the comparison.
    """

    def __init__(self, path: Path, *, secrets: Iterable[Secret | str] = ()) -> None:
        self._path = path
        self._redactor = Redactor(secrets)
        self._exchanges: list[dict[str, Any]] | None = None
        self._next = 0
        self._failed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response to a request."""
        exchanges = await self._load()
        asked = await describe_request(request, self._redactor)
        if self._next >= len(exchanges):
            raise self._mismatch(f"request {self._next + 1} was not recorded: {_title(asked)}", asked, None)
        exchange = exchanges[self._next]
        if _identity(exchange["request"]) != _identity(asked):
            raise self._mismatch(f"request {self._next + 1} differs from the recorded one", asked, exchange["request"])
        self._next += 1
        return _response(exchange)

    async def aclose(self) -> None:
        """Check that every exchange has been used."""
        exchanges = await self._load()
        left = len(exchanges) - self._next
        if left and not self._failed:
            raise self._mismatch(
                f"{left} of {len(exchanges)} recorded exchanges were not used", None, exchanges[self._next]["request"]
            )

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        if exc_type is None:
            await self.aclose()

    async def _load(self) -> list[dict[str, Any]]:
        if self._exchanges is None:
            text = await asyncio.to_thread(self._path.read_text, "utf-8")
            exchanges = [json.loads(line) for line in text.split("\n") if line]
            self._exchanges = sorted(exchanges, key=lambda exchange: exchange["number"])
        return self._exchanges

    def _mismatch(self, what: str, asked: dict[str, Any] | None, recorded: dict[str, Any] | None) -> ReplayMismatch:
        self._failed = True
        return ReplayMismatch(
            f"replay of {self._path.name}: {what}",
            why=_difference(asked, recorded),
            details={"asked": asked, "recorded": recorded},
            fix="Record the exchanges again if the change is meant",
        )


class _ReplayedStream(httpx.AsyncByteStream):
    """The chunks of a recorded body, and the error that ended it, if one did."""

    def __init__(self, chunks: list[bytes], error: httpx.HTTPError | None) -> None:
        self._chunks = chunks
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._error is not None:
            raise self._error


def _response(exchange: dict[str, Any]) -> httpx.Response:
    error = _recorded_error(exchange.get("error"))
    recorded = exchange.get("response")
    if recorded is None:
        assert error is not None, "an exchange has a response or an error"
        raise error
    headers = [(name, value) for name, value in recorded["headers"] if name.lower() not in _NOT_REPLAYED]
    chunks = [decode_bytes(chunk) for chunk in recorded["chunks"]]
    return httpx.Response(recorded["status"], headers=headers, stream=_ReplayedStream(chunks, error))


def _recorded_error(error: dict[str, str] | None) -> httpx.HTTPError | None:
    if error is None:
        return None
    kind = getattr(httpx, error["type"], httpx.ReadError)
    made: httpx.HTTPError = kind(error["text"])
    return made


def _identity(request: dict[str, Any]) -> tuple[str, str, object]:
    body = decode_bytes(request["body"])
    try:
        return request["method"], request["url"], json.loads(body)
    except ValueError:
        return request["method"], request["url"], body


def _title(request: dict[str, Any]) -> str:
    return f"{request['method']} {request['url']}"


def _difference(asked: dict[str, Any] | None, recorded: dict[str, Any] | None) -> str:
    if asked is None or recorded is None:
        known = asked or recorded
        assert known is not None
        return f"{_title(known)} with body {_body(known)}"
    if _title(asked) != _title(recorded):
        return f"asked for {_title(asked)}, recorded is {_title(recorded)}"
    return f"{_title(asked)}: asked with body {_body(asked)}, recorded is {_body(recorded)}"


def _body(request: dict[str, Any]) -> str:
    return decode_bytes(request["body"])[:400].decode("utf-8", "replace")
