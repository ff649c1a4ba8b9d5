"""Checks of refusals: every status, every way to say when to come back, retries counted at the server, secrets."""

from __future__ import annotations

import asyncio
import math
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.replies import GAP
from trouplet.testing.contracts.http_model.stand import API_KEY, HTTPStand
from trouplet.testing.fault_server import READ, RESET, FaultServer, response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.testing.fault_server import Request, Script

_STATUSES: dict[int, type[ModelError]] = {
    400: RequestRejected, 401: AuthenticationFailed, 402: RequestRejected, 403: AuthenticationFailed,
    404: RequestRejected, 408: ProviderUnavailable, 409: RequestRejected, 413: RequestRejected, 422: RequestRejected,
    429: RateLimited, 500: ProviderUnavailable, 502: ProviderUnavailable, 503: ProviderUnavailable,
    504: ProviderUnavailable, 529: ProviderUnavailable,
}  # fmt: skip
_RETRIED = (408, 429, 500, 502, 503, 504, 529)
_WAITS: dict[str, float | None] = {
    "7": 7.0, "0": 0.0, "0.25": 0.25, "86400": 86400.0, "Sun, 06 Nov 1994 08:49:37 GMT": 0.0, "-1": None, "NaN": None,
    "inf": None, "-inf": None, "1e400": None, "soon": None, "": None,
}  # fmt: skip
_BODIES = [b"", b"<html><body>502 Bad Gateway</body></html>", b'{"error"', b"[]", b'{"error": 17}', b"\xff\xfe\x00"]


class RefusalChecks(HTTPStand):
    """What becomes of calls that the provider, or the network before it, refuses."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize(("status", "kind"), _STATUSES.items())
    async def test_every_status_is_a_typed_error(self, status: int, kind: type[ModelError]) -> None:
        async with self.peer(self.replies.refusal(status, "The tea is out.")) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, kind), f"status {status} is {error!r} and not a {kind.__name__}"
        assert error.status == status
        assert error.retryable is (status in _RETRIED), f"status {status}: retryable is {error.retryable}"
        assert error.provider == peer.model.info.provider
        assert "The tea is out." in str(error), f"what the provider says is lost: {error}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("body", _BODIES, ids=["empty", "a page", "half", "a list", "a number", "no text"])
    async def test_a_refusal_needs_no_proper_body(self, body: bytes) -> None:
        for status in (400, 429, 502):
            async with self.peer((response(body, status=status), READ)) as peer:
                error = (await peer.ask()).failed()
            assert isinstance(error, _STATUSES[status]), f"status {status} with the body {body!r} is {error!r}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("status", [status for status in _STATUSES if status not in _RETRIED])
    async def test_a_refusal_for_good_costs_one_request(self, status: int) -> None:
        async with self.peer(self.replies.refusal(status), max_retries=2) as peer:
            (await peer.ask()).failed()
        assert len(peer.server.requests) == 1, f"status {status} was asked {len(peer.server.requests)} times"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    @pytest.mark.parametrize("status", _RETRIED)
    async def test_a_failing_provider_is_asked_once_and_max_retries_times(self, status: int, stream: bool) -> None:
        async with self.peer(self.replies.refusal(status), max_retries=2, stream=stream) as peer:
            (await peer.ask()).failed()
        assert len(peer.server.requests) == 3, f"status {status}: {len(peer.server.requests)} requests, not 1 + 2"
        _check_same(peer.server.requests)

    @pytest.mark.asyncio
    async def test_an_answer_after_retries_is_an_answer(self) -> None:
        replies = [self.replies.refusal(529), self.replies.refusal(503), self.replies.answer(scenarios.ANSWER)]
        async with self.peer(*replies, max_retries=2) as peer:
            outcome = await peer.ask()
        assert outcome.sound().text == scenarios.ANSWER.text

    @pytest.mark.asyncio
    async def test_the_retry_policy_of_a_request_wins(self) -> None:
        once = _policy(1)
        async with self.peer(self.replies.refusal(503), max_retries=4) as peer:
            (await peer.ask(peer.request(retry=once))).failed()
        assert len(peer.server.requests) == 2, f"{len(peer.server.requests)} requests, not 1 + 1"

    @pytest.mark.asyncio
    @pytest.mark.parametrize(("value", "seconds"), _WAITS.items())
    async def test_retry_after_is_read_in_every_form(self, value: str, seconds: float | None) -> None:
        for status in (429, 503):
            async with self.peer(self.replies.refusal(status, headers={"retry-after": value})) as peer:
                error = (await peer.ask()).failed()
            assert isinstance(error, _STATUSES[status])
            assert error.retry_after == seconds, f"Retry-After: {value} is {error.retry_after!r}, not {seconds!r}"

    @pytest.mark.asyncio
    async def test_retry_after_may_be_a_date(self) -> None:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=1000), usegmt=True)
        async with self.peer(self.replies.refusal(429, headers={"retry-after": date})) as peer:
            error = (await peer.ask()).failed()
        assert error.retry_after is not None, f"Retry-After: {date} is not understood"
        assert math.isclose(error.retry_after, 1000, abs_tol=60), f"Retry-After: {date} is {error.retry_after}"

    @pytest.mark.asyncio
    async def test_of_two_retry_after_headers_one_counts(self) -> None:
        headers = {"retry-after": "3", "Retry-After": "5"}
        async with self.peer(self.replies.refusal(429, headers=headers)) as peer:
            assert (await peer.ask()).failed().retry_after in (3, 5)

    @pytest.mark.asyncio
    async def test_a_wait_that_the_provider_asks_for_is_kept(self) -> None:
        replies = [self.replies.refusal(429, retry_after=0.4), self.replies.answer(scenarios.ANSWER)]
        async with self.peer(*replies, max_retries=1) as peer:
            (await peer.ask()).sound()
        first, second = peer.server.requests
        assert second.arrived - first.arrived >= 0.38, "the model did not wait as long as it was asked to"

    @pytest.mark.asyncio
    async def test_a_wait_of_a_day_is_an_error_at_once(self) -> None:
        async with self.peer(self.replies.refusal(429, retry_after=86400), max_retries=5) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, RateLimited), f"{error!r}"
        assert error.retry_after == 86400
        assert len(peer.server.requests) == 1

    @pytest.mark.asyncio
    async def test_a_refused_connection_is_a_failed_connection(self) -> None:
        async with FaultServer() as gone:
            url = gone.url
        async with self.peer(b"", base_url=url, max_retries=1) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, ConnectionFailed), f"{error!r}"
        assert error.retryable

    @pytest.mark.asyncio
    async def test_a_reset_before_the_first_byte_is_retried(self) -> None:
        async with self.peer((RESET,), self.replies.answer(scenarios.ANSWER), max_retries=1) as peer:
            assert (await peer.ask()).sound().text == scenarios.ANSWER.text
        assert len(peer.server.requests) == 2
        _check_same(peer.server.requests)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("ending", [(*GAP, RESET), ()], ids=["a reset", "a clean end"])
    async def test_nothing_is_sent_again_after_the_first_byte(self, ending: Sequence[float]) -> None:
        begun = self.replies.encoded(self.replies.begun(scenarios.ANSWER))
        async with self.peer(self.replies.stream(begun, *ending), max_retries=3) as peer:
            outcome = await peer.ask()
        outcome.failed()
        assert len(peer.server.requests) == 1, "an answer that had begun was asked for again"
        assert scenarios.ANSWER.text.startswith(outcome.text), "a text was delivered twice"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_a_redirect_takes_no_secret_elsewhere(self, status: int) -> None:
        def elsewhere(request: Request) -> Script:
            return self.replies.answer(scenarios.ANSWER)

        async with FaultServer(respond=elsewhere) as other:
            moved = response(b"", status=status, headers={"location": f"{other.url}/v1"})
            async with self.peer((moved, READ)) as peer:
                await peer.ask()
            for connection in other.connections:
                assert API_KEY.encode() not in connection.received, "the key was sent to another server"

    @pytest.mark.asyncio
    async def test_the_key_is_in_no_error(self) -> None:
        echo = f"Your key {API_KEY} is not valid."
        async with FaultServer() as gone:
            url = gone.url
        cases: list[tuple[Script, str]] = [(self.replies.refusal(status, echo), "") for status in (400, 401, 500)]
        cases += [((RESET,), ""), (self.replies.stream(self.wire.encode(echo)), ""), ((), url)]
        for reply, base in cases:
            async with self.peer(reply, base_url=base) as peer:
                error = (await peer.ask()).failed()
                sightings = find_key(error, peer.model)
            assert not sightings, f"the key is in {sightings}"

    @pytest.mark.asyncio
    async def test_calls_that_fail_at_the_same_time_fail_alone(self) -> None:
        def respond(request: Request) -> Script:
            if b"Fail." in request.body:
                return self.replies.refusal(400)
            return self.replies.answer(scenarios.ANSWER)

        async with self.peer(respond) as peer:
            asked = [peer.ask(peer.request("Fail." if number % 2 else "Work.")) for number in range(6)]
            outcomes = await asyncio.gather(*asked)
        assert [outcome.error is not None for outcome in outcomes] == [False, True] * 3


def _policy(max_retries: int) -> object:
    """Return a retry policy for a request; models that do not share ``trouplet-http`` have none."""
    http = pytest.importorskip("trouplet_http", reason="not applicable: trouplet-http is not installed")
    return http.RetryPolicy(max_retries=max_retries, first_wait=0.01)


def find_key(error: ModelError, model: object) -> list[str]:
    """Return where the key is in what a crash report would show of an error, and of the model."""
    shown = {
        "the text of the error": str(error),
        "its repr": repr(error),
        "its data": repr(error.as_dict()) + repr(vars(error)),
        "its traceback": "".join(traceback.format_exception(error)),
        "the repr of the model": repr(model),
    }
    return [where for where, text in shown.items() if API_KEY[-12:] in text or API_KEY[8:20] in text]


def _check_same(requests: Sequence[Request]) -> None:
    """Check that attempts of one call are the same request, so that the provider can tell that they are."""
    assert len({request.body for request in requests}) == 1, "the attempts of one call have different bodies"
    keys = {request.headers.get("idempotency-key") for request in requests}
    assert len(keys) == 1, "the attempts of one call have different idempotency keys"
