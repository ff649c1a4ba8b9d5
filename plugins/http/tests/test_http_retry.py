"""The one retry layer: what is repeated, how often, and after how long."""

import asyncio
import email.utils
from collections import Counter

import httpx
import pytest

from trouplet.errors import (
    AuthenticationFailed,
    BadSetting,
    ConnectionFailed,
    DeadlineExceeded,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    StreamInterrupted,
)
from trouplet_http import Clock, Endpoint, RetryPolicy, RetryTooLate, ServerSentEvent
from trouplet_http.retry_after import retry_after

QUICK = RetryPolicy(first_wait=0.001)
NOW = 1_800_000_000.0


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, chance=0.5):
        self.now = 0.0
        self.slept = []
        self.clock = Clock(lambda: self.now, lambda: NOW + self.now, self.sleep, lambda: chance)

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def scripted(*responses, chance=0.5, **options):
    """An endpoint whose transport gives the responses in turn (the last for ever), with a fake clock."""
    left = list(responses)
    sent = []

    def answer(request):
        sent.append(request)
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return response() if callable(response) else response

    fake = FakeTime(chance)
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    options = {"provider": "acme", "base_url": "http://acme.test/v1", "clock": fake.clock} | options
    return Endpoint(client, **options), sent, fake


def failing(status, headers=None):
    return lambda: httpx.Response(status, headers=headers, json={"error": {"message": "no"}})


def fine():
    return httpx.Response(200, json={"ok": True})


def http_date(seconds):
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ([("retry-after", "3")], 3.0),
        ([("retry-after", "1.5")], 1.5),
        ([("retry-after-ms", "250")], 0.25),
        ([("retry-after-ms", "250"), ("retry-after", "9")], 0.25),
        ([("retry-after-ms", "soon"), ("retry-after", "2")], 2.0),
        ([("retry-after", http_date(20))], 20.0),
        ([("retry-after", http_date(-20))], 0.0),
        ([("retry-after", "0")], 0.0),
        ([("retry-after", "2"), ("retry-after", "5")], 5.0),
        ([("retry-after", "2, 5")], 5.0),
        ([("retry-after", "2"), ("retry-after", http_date(7))], 7.0),
    ],
)
async def test_the_wait_that_the_provider_names_is_kept(status, headers, wait):
    endpoint, sent, fake = scripted(failing(status, headers), fine, chance=0.999)
    assert await endpoint.post_json("chat", {}) == {"ok": True}
    assert len(sent) == 2
    assert wait <= fake.slept[0] <= wait + max(wait * 0.1, 0.2)


@pytest.mark.parametrize(
    "value", ["-1", "NaN", "inf", "1e400", "soon", "", "1 second", "Mon, 99 Foo 2026 25:00:00 GMT"]
)
async def test_a_wait_that_makes_no_sense_is_ignored(value):
    endpoint, _, fake = scripted(failing(429, {"retry-after": value}), fine)
    assert await endpoint.post_json("chat", {}) == {"ok": True}
    assert fake.slept == [0.25]


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize(("value", "seconds"), [("86400", 86400.0), (http_date(86400), 86400.0), ("1e12", 1e12)])
async def test_a_wait_beyond_the_deadline_fails_at_once(status, value, seconds):
    endpoint, sent, fake = scripted(failing(status, {"retry-after": value}))
    with pytest.raises(RateLimited) as caught:
        await endpoint.post_json("chat", {}, deadline=30)
    assert isinstance(caught.value, RetryTooLate)
    assert isinstance(caught.value, DeadlineExceeded)
    assert caught.value.retry_after == pytest.approx(seconds, abs=1)
    assert caught.value.status == status
    assert len(sent) == 1
    assert fake.slept == []


async def test_a_wait_beyond_what_the_policy_allows_fails_at_once_too():
    endpoint, _, _ = scripted(failing(429, {"retry-after": "60"}), retry=RetryPolicy(longest_retry_after=10))
    with pytest.raises(RetryTooLate, match=r"TP-603 acme asks to wait 60 s"):
        await endpoint.post_json("chat", {})


def test_a_date_of_two_headers_is_not_cut_at_its_comma():
    headers = httpx.Headers([("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")])
    assert retry_after(headers, now=1_792_567_675.0) == 5.0


async def test_the_backoff_is_a_random_part_of_a_doubling_wait():
    endpoint, sent, fake = scripted(
        failing(503), chance=1.0, retry=RetryPolicy(max_retries=6, first_wait=1, longest_wait=8)
    )
    with pytest.raises(ProviderUnavailable):
        await endpoint.post_json("chat", {})
    assert fake.slept == [1, 2, 4, 8, 8, 8]
    assert len(sent) == 7


async def test_a_backoff_beyond_the_deadline_fails_at_once():
    endpoint, sent, fake = scripted(
        failing(503), chance=1.0, deadline=10, retry=RetryPolicy(max_retries=9, first_wait=3)
    )
    with pytest.raises(DeadlineExceeded) as caught:
        await endpoint.post_json("chat", {})
    assert fake.slept == [3, 6]
    assert len(sent) == 3
    assert caught.value.status == 503
    assert "acme answered: no" in str(caught.value)


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_a_failing_server_sees_one_request_more_than_there_are_retries(faults, endpoint, wire, retries):
    faults.answers = [wire.json({"error": "down"}, status=500)]
    with pytest.raises(ProviderUnavailable):
        await endpoint(retry=RetryPolicy(max_retries=retries, first_wait=0.001)).post_json("chat", {})
    with pytest.raises(ProviderUnavailable):
        async for _ in endpoint(retry=RetryPolicy(max_retries=retries, first_wait=0.001)).post_stream("chat", {}):
            pass
    assert len(faults.requests) == 2 * (1 + retries)


async def test_the_policy_of_a_call_replaces_the_endpoints_for_that_call_only(faults, endpoint, wire):
    faults.answers = [wire.json({"error": "down"}, status=500)]
    caller, own = endpoint(retry=RetryPolicy(max_retries=1, first_wait=0.001)), RetryPolicy(3, first_wait=0.001)
    calls = (
        lambda retry: caller.post_json("chat", {}, retry=retry),
        lambda retry: caller.get_json("models", retry=retry),
        lambda retry: anext(caller.post_stream("chat", {}, retry=retry)),
        lambda retry: anext(caller.post_lines("chat", {}, retry=retry)),
    )
    for call in calls:
        for retry, requests in ((own, 4), (RetryPolicy(0), 1), (None, 2)):
            faults.requests.clear()
            with pytest.raises(ProviderUnavailable):
                await call(retry)
            assert len(faults.requests) == requests


async def test_a_policy_that_is_none_is_refused_before_anything_is_sent(faults, endpoint):
    with pytest.raises(BadSetting, match=r"retry is a int.*Give a trouplet_http\.RetryPolicy"):
        await endpoint().post_json("chat", {}, retry=3)
    assert not faults.requests


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRejected),
        (401, AuthenticationFailed),
        (403, AuthenticationFailed),
        (404, RequestRejected),
        (409, RequestRejected),
        (413, RequestRejected),
        (422, RequestRejected),
        (501, ProviderUnavailable),
    ],
)
async def test_a_request_that_is_refused_is_sent_once(faults, endpoint, wire, status, kind):
    faults.answers = [wire.json({"error": {"message": "bad"}}, status=status, headers={"retry-after": "0"})]
    for call in (endpoint(retry=QUICK).post_json("chat", {}), anext(endpoint(retry=QUICK).post_stream("chat", {}))):
        with pytest.raises(ModelError) as caught:
            await call
        assert type(caught.value) is kind
        assert caught.value.status == status
        assert not caught.value.retryable
    assert len(faults.requests) == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
async def test_a_passing_failure_is_sent_again_with_the_same_idempotency_key(faults, endpoint, wire, status):
    faults.answers = [wire.json({}, status=status)] * 2 + [wire.json({"ok": True})]
    assert await endpoint(retry=QUICK).post_json("chat", {"a": 1}) == {"ok": True}
    keys = {request.headers["idempotency-key"] for request in faults.requests}
    assert len(faults.requests) == 3
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert [request.json for request in faults.requests] == [{"a": 1}] * 3


async def test_two_calls_have_two_idempotency_keys(faults, endpoint, wire):
    faults.answers = [wire.json({})]
    for _ in range(2):
        await endpoint().post_json("chat", {})
    first, second = (request.headers["idempotency-key"] for request in faults.requests)
    assert first != second


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("ending", ["reset", "close"])
async def test_a_connection_that_breaks_before_the_first_byte_is_tried_again(faults, endpoint, wire, ending, streamed):
    async def broken(exchange):
        getattr(exchange, ending)()

    good = wire.head() + wire.chunk(b"data: a\n\n") + wire.chunk(b"") if streamed else wire.json({"ok": True})
    faults.answers = [broken, good]
    if streamed:
        assert [batch async for batch in endpoint(retry=QUICK).post_stream("chat", {})] == [[ServerSentEvent("a")]]
    else:
        assert await endpoint(retry=QUICK).post_json("chat", {}) == {"ok": True}
    assert len({request.headers["idempotency-key"] for request in faults.requests}) == 1
    assert len(faults.requests) == 2


@pytest.mark.parametrize("ending", ["reset", "close"])
async def test_a_stream_that_breaks_after_its_first_byte_is_never_sent_again(faults, endpoint, wire, ending):
    async def broken(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: a\n\nda"))
        await taken.wait()
        getattr(exchange, ending)()

    taken = asyncio.Event()
    faults.answers = [broken]
    seen = []
    with pytest.raises(StreamInterrupted) as caught:  # noqa: PT012
        async for batch in endpoint(retry=QUICK).post_stream("chat", {}):
            seen += batch
            taken.set()
    assert [event.data for event in seen] == ["a"]
    assert len(faults.requests) == 1
    assert not caught.value.retryable


async def test_an_answer_that_breaks_off_in_its_body_is_not_sent_again(faults, endpoint):
    async def broken(exchange):
        await exchange.send(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a": 1')
        exchange.close()

    faults.answers = [broken]
    with pytest.raises(StreamInterrupted):
        await endpoint(retry=QUICK).post_json("chat", {})
    assert len(faults.requests) == 1


async def test_a_connection_that_was_closed_while_idle_costs_no_retry(faults, endpoint, wire):
    async def answer_and_close(exchange):
        await exchange.send(wire.json({"ok": True}))
        exchange.close()

    faults.answers = [answer_and_close, wire.json({"ok": True})]
    caller = endpoint(retry=RetryPolicy(max_retries=0))
    await caller.post_json("chat", {})
    await faults.closed.wait()
    await asyncio.sleep(0.01)
    assert await caller.post_json("chat", {}) == {"ok": True}


async def test_a_server_that_nobody_listens_at_is_a_failed_connection():
    endpoint, sent, _ = scripted(httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailed) as caught:
        await endpoint.post_json("chat", {})
    assert len(sent) == 3
    assert caught.value.retryable
    assert isinstance(caught.value, ConnectionError)


async def test_an_account_without_credit_is_not_asked_again():
    body = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    endpoint, sent, _ = scripted(lambda: httpx.Response(429, json=body))
    with pytest.raises(RateLimited) as caught:
        await endpoint.post_json("chat", {})
    assert not caught.value.retryable
    assert len(sent) == 1


async def test_a_thousand_clients_do_not_come_back_together():
    policy = RetryPolicy()
    import random

    chance = random.Random(7)
    moments = []
    for _ in range(1000):
        first = policy.backoff(1, chance.random())
        moments += [first, first + policy.backoff(2, chance.random())]
    buckets = Counter(int(moment * 10) for moment in moments)
    mean = len(moments) / (max(buckets) + 1)
    assert max(buckets.values()) <= 5 * mean


async def test_cancelling_a_call_that_waits_to_be_repeated_is_not_swallowed(faults, endpoint, wire):
    async def refuse(exchange):
        await exchange.send(wire.json({}, status=503, headers={"retry-after": "30"}))
        asked.set()

    asked = asyncio.Event()
    faults.answers = [refuse]
    task = asyncio.create_task(endpoint().post_json("chat", {}))
    await asked.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelling() == 1
