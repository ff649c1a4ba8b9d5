"""Reads the answers of providers: is this an answer at all, and what does it hold?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING

import httpx

from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet_http.errors import RecordTooLarge
from trouplet_http.failures import (
    DescribeError,
    error_from_body,
    error_from_exception,
    error_from_status,
    names_error,
)
from trouplet_http.json_body import parse_object
from trouplet_http.retry_after import retry_after

if TYPE_CHECKING:
    from collections.abc import Collection

EVENT_STREAM = frozenset(("text/event-stream",))
JSON_LINES = frozenset(
    ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json")
)

_MAX_ERROR_BODY = 256 * 1024


class AnswerReader:
    """Reads the answers of one provider and raises typed errors for those that are none."""

    __slots__ = ("_describe", "_max_body_bytes", "_provider")

    def __init__(self, provider: str, *, describe: DescribeError | None, max_body_bytes: int) -> None:
        self._provider = provider
        self._describe = describe
        self._max_body_bytes = max_body_bytes

    async def json(self, response: httpx.Response) -> dict[str, object]:
        """Return the JSON object of an answer that is not streamed."""
        body = await self._read(response, self._max_body_bytes)
        if len(body) > self._max_body_bytes:
            raise RecordTooLarge("answer", self._max_body_bytes)
        kind = media_type(response)
        if not body.strip():
            raise self._invalid(response, "an empty answer", body)
        if not _is_json(kind) and kind:
            raise self._invalid(response, f"{kind} instead of JSON", body)
        return self._parse(body, response.status_code)

    async def refuse_other_streams(self, response: httpx.Response, accepted: Collection[str]) -> None:
        """Raise unless the answer is a stream of an accepted kind; a JSON error in its place is raised as what it says.

        A server that does not name the kind is believed.
        """
        kind = media_type(response)
        if kind in accepted or not kind:
            return
        body = await self._read(response, _MAX_ERROR_BODY)
        if _is_json(kind) and body.strip():
            self._parse(body, response.status_code)
        raise self._invalid(response, f"{kind} instead of a stream" if body else "an empty answer", body)

    async def failure(self, response: httpx.Response, *, now: float) -> ModelError:
        """Return the error for a response whose status is not a success."""
        status = response.status_code
        if status < 400:
            return self._redirected(response)
        try:
            body = await self._read(response, _MAX_ERROR_BODY)
        except ModelError:
            body = b""
        return error_from_status(
            self._provider,
            status,
            self._details(response, body),
            retry_after=retry_after(response.headers, now=now),
            describe=self._describe,
        )

    async def _read(self, response: httpx.Response, limit: int) -> bytes:
        """Return the body, or as much of it as shows that it is longer than ``limit``."""
        parts: list[bytes] = []
        size = 0
        failure: ModelError | None = None
        stream = pieces(response)
        try:
            async for part in stream:
                parts.append(part)
                size += len(part)
                if size > limit:
                    break
        except (httpx.HTTPError, OSError) as error:
            failure = self.interruption(response, error, received=size)
        finally:
            await close_pieces(stream)
        if failure is not None:
            raise failure
        return b"".join(parts)

    def interruption(self, response: httpx.Response, error: Exception, *, received: int) -> ModelError:
        """Return the error for an answer that broke off: if nothing of it had arrived, it may be asked for again."""
        if isinstance(error, httpx.DecodingError):
            return InvalidResponse(
                f"{self._provider} sent an answer that cannot be decompressed",
                provider=self._provider,
                status=response.status_code,
                why=str(error),
            )
        if not received:
            return error_from_exception(self._provider, response.request.url, error)
        return StreamInterrupted(
            f"the answer of {self._provider} broke off after {received:,} bytes",
            provider=self._provider,
            status=response.status_code,
            why=str(error) or type(error).__name__,
        )

    def _parse(self, body: bytes, status: int) -> dict[str, object]:
        answer = parse_object(body, provider=self._provider, status=status)
        if names_error(answer):
            raise error_from_body(self._provider, status, answer, describe=self._describe)
        return answer

    def _details(self, response: httpx.Response, body: bytes) -> dict[str, object]:
        details: dict[str, object]
        try:
            details = parse_object(body)
        except InvalidResponse as error:
            details = dict(error.details) if body.strip() else {}
        request_id = response.headers.get("x-request-id") or response.headers.get("request-id")
        return details | {"request_id": request_id} if request_id else details

    def _redirected(self, response: httpx.Response) -> ModelError:
        return InvalidResponse(
            f"{self._provider} answered with a redirect to {response.headers.get('location', 'nowhere')!r}",
            provider=self._provider,
            status=response.status_code,
            fix="Set base_url to the address that the provider really has",
        )

    def _invalid(self, response: httpx.Response, what: str, body: bytes) -> InvalidResponse:
        return InvalidResponse(
            f"{self._provider} sent {what}",
            provider=self._provider,
            status=response.status_code,
            details={"content_type": media_type(response), "body": body[:2000].decode("utf-8", "replace")},
            fix="Check that base_url is the address of the API and not of a web page or a proxy",
        )


def media_type(response: httpx.Response) -> str:
    """Return the media type of a response, lower-cased, without parameters."""
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the decoded body of a response, one piece for each read from the network.

    A body that is not compressed is taken as it comes, without httpx's layers of generators around it.
    """
    if response.is_stream_consumed or "content-encoding" in response.headers:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream.__aiter__()


async def close_pieces(stream: AsyncIterator[bytes]) -> None:
    """Finish a stream of pieces that may have been left early, so that no generator is left to the event loop."""
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()
