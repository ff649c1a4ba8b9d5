"""One provider's HTTP API: calls with retries, deadlines and typed errors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import httpx

from trouplet.errors import BadSetting, KernelClosed, ModelError
from trouplet.secret import Secret
from trouplet_http.answers import EVENT_STREAM, JSON_LINES, AnswerReader
from trouplet_http.client import CONNECT_TIMEOUT
from trouplet_http.deadline import SYSTEM_CLOCK, Clock, Deadline
from trouplet_http.failures import DescribeError, error_from_exception
from trouplet_http.json_body import BodyFields, encode_body
from trouplet_http.lines import DEFAULT_MAX_RECORD_BYTES, LineDecoder
from trouplet_http.redaction import Redactor
from trouplet_http.retry import Retries, RetryPolicy
from trouplet_http.sse import EventStreamDecoder, ServerSentEvent
from trouplet_http.streaming import Decoder, StreamReader

if TYPE_CHECKING:
    from collections.abc import Collection

T = TypeVar("T")
R = TypeVar("R")

# The endpoint keeps its own deadline and idle time; the transport's timeouts would cut long thinking short.
_TIMEOUT = httpx.Timeout(None, connect=CONNECT_TIMEOUT)
_EXTENSIONS = {"timeout": _TIMEOUT.as_dict()}
_PER_CALL = frozenset(("accept", "content-type", "idempotency-key"))


@dataclass(slots=True)
class Limits:
    """How much one answer may hold, in bytes: a whole JSON body, one event or line, a whole stream."""

    body: int = DEFAULT_MAX_RECORD_BYTES
    record: int = DEFAULT_MAX_RECORD_BYTES
    stream: int = DEFAULT_MAX_RECORD_BYTES


@dataclass(slots=True, repr=False)
class _Call:
    """One call: what every attempt of it sends. Its repr shows nothing of that: it may stand in a crash report."""

    method: str
    url: httpx.URL
    content: bytes | None
    headers: dict[str, str]
    deadline: Deadline
    retries: Retries


class Endpoint:
    """Sends JSON to one provider and reads its answers.

    ``headers`` go with every request; those that are secret are given as ``Secret``. ``deadline`` (seconds) covers a
    whole call: name resolution, connecting, waiting, all retries and the body. ``idle_timeout`` is how long a stream
    may bring no content: comments and the events named in ``keep_alive_events`` are none, an event counts when it is
    complete, and a large one also with each further 16 KiB of it, so that a drip of single bytes does not go on for
    ever. ``describe_error`` reads the provider's JSON error body: a sentence, or an ``ErrorDetail``.

    The client's own hooks, authentication, cookies and proxies apply; its timeouts do not, and redirects are not
    followed. A call's own ``retry`` replaces the endpoint's policy.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        provider: str,
        base_url: str,
        headers: Mapping[str, str | Secret] | None = None,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        describe_error: DescribeError | None = None,
        keep_alive_events: Collection[str] = ("ping",),
        limits: Limits | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._redactor = Redactor.of_headers(headers or {})
        self.provider = provider
        self.base_url = _checked_base(base_url, provider)
        self._client = client
        self._headers = _checked_headers(headers or {}, provider)
        self._retry = retry or RetryPolicy()
        self._idle_timeout = idle_timeout
        self._deadline = deadline
        self._keep_alive_events = frozenset(keep_alive_events)
        self._limits = limits or Limits()
        self._clock = clock
        self._of_client: tuple[httpx.Headers, list[tuple[str, str]]] | None = None
        self._answers = AnswerReader(provider, describe=describe_error, max_body_bytes=self._limits.body)

    def __repr__(self) -> str:
        return self._redactor.text(f"Endpoint({self.provider!r}, {self.base_url!r})")

    async def post_json(
        self, path: str, body: BodyFields | bytes, *, deadline: float | None = None, retry: object = None
    ) -> dict[str, object]:
        """Send ``body`` and return the JSON object that comes back."""
        return await self._json(self._post(path, body, deadline, retry, accept="application/json"))

    async def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, deadline: float | None = None, retry: object = None
    ) -> dict[str, object]:
        """Return the JSON object at ``path``."""
        url = _url(self.base_url, path)
        if params:
            url = url.copy_merge_params(dict(params))
        return await self._json(self._call("GET", url, None, {"accept": "application/json"}, deadline, retry))

    def post_stream(
        self, path: str, body: BodyFields | bytes, *, deadline: float | None = None, retry: object = None
    ) -> AsyncGenerator[list[ServerSentEvent], None]:
        """Send ``body`` and yield the server-sent events that come back, those of one network read at a time.

        Close the generator (``contextlib.aclosing``) to let go of the connection. Its end is the end of the stream:
        whether the answer is complete is for the caller to see. A break after the first byte raises
        ``StreamInterrupted``.
        """
        return self._stream(
            lambda: self._post(path, body, deadline, retry, accept="text/event-stream"),
            EventStreamDecoder(max_event_bytes=self._limits.record),
            EVENT_STREAM,
            self._is_content,
        )

    def post_lines(
        self, path: str, body: BodyFields | bytes, *, deadline: float | None = None, retry: object = None
    ) -> AsyncGenerator[list[str], None]:
        """Send ``body`` and yield the lines of JSON that come back; otherwise as ``post_stream``."""
        return self._stream(
            lambda: self._post(path, body, deadline, retry, accept="application/x-ndjson"),
            LineDecoder(max_record_bytes=self._limits.record),
            JSON_LINES,
            bool,
        )

    def _is_content(self, events: list[ServerSentEvent]) -> bool:
        return any(event.event not in self._keep_alive_events for event in events)

    def _post(
        self, path: str, body: BodyFields | bytes, deadline: float | None, retry: object, *, accept: str
    ) -> _Call:
        content = encode_body(body, provider=self.provider)
        key = os.urandom(16).hex()
        headers = {"accept": accept, "content-type": "application/json", "idempotency-key": key}
        return self._call("POST", _url(self.base_url, path), content, headers, deadline, retry)

    def _call(
        self,
        method: str,
        url: httpx.URL,
        content: bytes | None,
        headers: dict[str, str],
        deadline: float | None,
        retry: object,
    ) -> _Call:
        if self._client.is_closed:
            raise KernelClosed("the HTTP client has been closed", fix="Keep the kernel open while it is used")
        until = Deadline(self._deadline if deadline is None else deadline, self._clock)
        retries = Retries(_policy(retry) or self._retry, until, self._clock, provider=self.provider)
        return _Call(method, url, content, headers, until, retries)

    async def _json(self, call: _Call) -> dict[str, object]:
        async def attempt() -> dict[str, object]:
            response = await self._send(call)
            try:
                return await self._answers.json(response)
            finally:
                await response.aclose()

        try:
            return await _within(call, attempt)
        except ModelError as error:
            raise self._told(error) from error.__cause__

    async def _stream(
        self,
        make_call: Callable[[], _Call],
        decoder: Decoder[R],
        kinds: Collection[str],
        is_content: Callable[[list[R]], bool],
    ) -> AsyncGenerator[list[R], None]:
        call = make_call()
        reader = StreamReader(
            self._answers,
            decoder,
            is_content,
            call.deadline,
            provider=self.provider,
            idle_timeout=self._idle_timeout,
            max_bytes=self._limits.stream,
        )
        try:
            await _within(call, lambda: reader.open(lambda: self._send(call), kinds))
            while records := await reader.next():
                yield records
        except ModelError as error:
            raise self._told(error) from error.__cause__
        finally:
            await reader.aclose()

    def _told(self, error: ModelError) -> ModelError:
        """Prepare an error for those outside: it names the provider, and holds no secret in its text or its frames."""
        error.provider = error.provider or self.provider
        return self._redactor.error(error).with_traceback(None)

    async def _send(self, call: _Call) -> httpx.Response:
        """Send one request and return its response, whose body has not been read; raise if its status is an error."""
        try:
            response = await self._client.send(self._request(call), stream=True, follow_redirects=False)
        except (httpx.HTTPError, OSError) as error:
            # Not chained: httpx's errors hold the request, and the request holds the key.
            failure = error_from_exception(self.provider, call.url, error)
        else:
            if 200 <= response.status_code < 300:
                return response
            try:
                failure = await self._answers.failure(response, now=self._clock.wall())
            finally:
                await response.aclose()
        raise failure

    def _request(self, call: _Call) -> httpx.Request:
        client = self._client
        own = {name: value.reveal() if isinstance(value, Secret) else value for name, value in self._headers.items()}
        if client.cookies or client.params:
            return client.build_request(
                call.method, call.url, content=call.content, headers=call.headers | own, timeout=_TIMEOUT
            )
        # The same request, without merging three sets of headers for each: 8 % of what a call costs.
        headers = [*self._headers_of_client(), *(call.headers | own).items()]
        return httpx.Request(call.method, call.url, headers=headers, content=call.content, extensions=_EXTENSIONS)

    def _headers_of_client(self) -> list[tuple[str, str]]:
        """Return the client's own headers, as they are now, but for those that a call sets itself."""
        now = self._client.headers
        if self._of_client is None or self._of_client[0] != now:
            left = [item for item in now.multi_items() if item[0] not in self._headers and item[0] not in _PER_CALL]
            self._of_client = (now.copy(), left)
        return self._of_client[1]


async def _within(call: _Call, attempt: Callable[[], Awaitable[T]]) -> T:
    """Run the attempts of a call until its deadline."""
    try:
        async with asyncio.timeout(call.deadline.remaining()):
            return await call.retries.run(attempt)
    except TimeoutError as error:
        if isinstance(error, ModelError):
            raise
    raise call.retries.out_of_time()


def _policy(retry: object) -> RetryPolicy | None:
    """The policy of a request, which the kernel carries without knowing what it is."""
    if retry is None or isinstance(retry, RetryPolicy):
        return retry
    raise BadSetting(f"retry is a {type(retry).__name__}", fix="Give a trouplet_http.RetryPolicy")


@lru_cache(maxsize=256)
def _url(base_url: str, path: str) -> httpx.URL:
    base, question, query = base_url.partition("?")
    return httpx.URL(f"{base.rstrip('/')}/{path.lstrip('/')}".rstrip("/") + question + query)


def _checked_base(base_url: str, provider: str) -> str:
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        url = httpx.URL("")
    if url.scheme in ("http", "https") and url.host:
        return base_url
    raise BadSetting(
        f"the base_url of {provider!r} is not an address: {base_url!r}",
        fix="Write it with its scheme, for example https://api.example.com/v1",
    )


def _checked_headers(headers: Mapping[str, str | Secret], provider: str) -> dict[str, str | Secret]:
    for name, value in headers.items():
        if not _can_be_sent(value):
            raise BadSetting(
                f"the header {name!r} for {provider!r} has characters that HTTP does not allow",
                why="A value is printable ASCII, without line breaks or spaces around it",
                fix="Check the API key: is there a line break or a quotation mark in it?",
            )
    return {name.lower(): value for name, value in headers.items()}


def _can_be_sent(value: str | Secret) -> bool:
    text = value.reveal() if isinstance(value, Secret) else value
    return text.isascii() and text.isprintable() and text == text.strip()
