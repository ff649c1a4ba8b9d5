"""Deadlines hold whatever the server does, and streams may not stand still."""

import asyncio
import socket
import time
from contextlib import aclosing, contextmanager

import pytest

from trouplet.errors import DeadlineExceeded, ModelError, RateLimited, StreamInterrupted
from trouplet_http import Endpoint, Limits, RetryPolicy, StreamTimedOut, make_client

DEADLINE = 0.5
MANY = RetryPolicy(max_retries=1000, first_wait=0.02, longest_wait=0.02)


@contextmanager
def took_about(seconds):
    """The block takes ``seconds``, 10 % less at the least; how much more depends on what else the machine does."""
    started = time.monotonic()
    yield
    elapsed = time.monotonic() - started
    assert seconds * 0.9 <= elapsed < seconds + 2.0


async def collect(stream):
    seen = []
    async with aclosing(stream) as batches:
        async for batch in batches:
            seen += [getattr(record, "data", record) for record in batch]
    return seen


@pytest.fixture
def full_port():
    """A port whose backlog is full: connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(8):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
                waiting.append(sock)
            yield listener.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


@pytest.fixture
def silent_port():
    """A port that accepts connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


async def test_the_deadline_covers_a_connection_that_hangs(client, full_port):
    endpoint = Endpoint(client, provider="acme", base_url=f"http://127.0.0.1:{full_port}")
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded) as caught:
        await endpoint.post_json("chat", {}, deadline=DEADLINE)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.code == "TP-606"


async def test_the_deadline_covers_a_handshake_that_hangs(client, silent_port):
    endpoint = Endpoint(client, provider="acme", base_url=f"https://127.0.0.1:{silent_port}")
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await endpoint.post_json("chat", {}, deadline=DEADLINE)


async def test_the_deadline_covers_a_server_that_never_answers(client, silent_port):
    endpoint = Endpoint(client, provider="acme", base_url=f"http://127.0.0.1:{silent_port}")
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await endpoint.post_json("chat", {}, deadline=DEADLINE)
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await collect(endpoint.post_stream("chat", {}, deadline=DEADLINE))


async def test_the_deadline_covers_slow_name_resolution(client, monkeypatch):
    async def slow(*args, **kwargs):
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", slow)
    endpoint = Endpoint(client, provider="acme", base_url="http://acme.test")
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await endpoint.post_json("chat", {}, deadline=DEADLINE)


async def test_the_deadline_covers_a_head_that_never_ends(faults, endpoint):
    async def endless_head(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        await exchange.drip(b"x-filler: 1\r\n" * 1000, every=0.02)

    faults.answers = [endless_head]
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await endpoint().post_json("chat", {}, deadline=DEADLINE)
    await faults.closed.wait()


async def test_the_deadline_covers_a_body_that_never_ends(faults, endpoint):
    async def endless_body(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n")
        await exchange.drip(b" " * 5000, every=0.02)

    faults.answers = [endless_body]
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded):
        await endpoint().post_json("chat", {}, deadline=DEADLINE)
    await faults.closed.wait()


async def test_the_deadline_covers_all_retries(faults, endpoint, wire):
    faults.answers = [wire.json({"error": {"message": "overloaded"}}, status=503)]
    with pytest.raises(DeadlineExceeded, match="overloaded") as caught:
        await endpoint(retry=MANY).post_json("chat", {}, deadline=DEADLINE)
    assert caught.value.status == 503
    assert len(faults.requests) > 2


async def test_a_long_retry_after_is_both_a_rate_limit_and_a_deadline(faults, endpoint, wire):
    faults.answers = [wire.json({}, status=429, headers={"retry-after": "30"})]
    with pytest.raises(RateLimited) as caught:
        await endpoint().post_json("chat", {}, deadline=DEADLINE)
    assert isinstance(caught.value, DeadlineExceeded)
    assert caught.value.retry_after == 30


async def test_a_deadline_that_has_passed_sends_nothing(faults, endpoint):
    with pytest.raises(DeadlineExceeded):
        await endpoint().post_json("chat", {}, deadline=0)
    with pytest.raises(DeadlineExceeded):
        await collect(endpoint().post_stream("chat", {}, deadline=-1))
    assert faults.requests == []


async def test_the_deadline_ends_a_stream_that_goes_on_and_on(faults, endpoint, wire):
    async def endless(exchange):
        await exchange.send(wire.head())
        while not exchange.reader.at_eof():
            await exchange.send(wire.chunk(b"data: a\n\n"))
            await asyncio.sleep(0.02)

    faults.answers = [endless]
    with took_about(DEADLINE), pytest.raises(StreamTimedOut) as caught:
        await collect(endpoint().post_stream("chat", {}, deadline=DEADLINE))
    assert isinstance(caught.value, StreamInterrupted)
    assert isinstance(caught.value, DeadlineExceeded)
    await faults.closed.wait()


@pytest.mark.parametrize(
    "filler",
    [b": keep-alive\n\n", b":\n", b"\n", b"event: ping\ndata: {}\n\n", b"id: 1\n\n"],
    ids=["comment", "bare comment", "blank line", "ping", "no data"],
)
async def test_what_keeps_a_connection_alive_is_no_content(faults, endpoint, wire, filler):
    async def keep_alive(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: a\n\n"))
        while not exchange.reader.at_eof():
            await exchange.send(wire.chunk(filler))
            await asyncio.sleep(0.02)

    faults.answers = [keep_alive]
    with took_about(DEADLINE), pytest.raises(StreamTimedOut, match=r"no content for 0\.5 s"):
        await collect(endpoint(idle_timeout=DEADLINE).post_stream("chat", {}))
    await faults.closed.wait()


async def test_a_drip_within_one_event_is_no_content(faults, endpoint, wire):
    async def drip(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: "))
        for _ in range(1000):
            await exchange.send(wire.chunk(b"x"))
            await asyncio.sleep(0.02)

    faults.answers = [drip]
    with took_about(DEADLINE), pytest.raises(StreamTimedOut):
        await collect(endpoint(idle_timeout=DEADLINE).post_stream("chat", {}))
    await faults.closed.wait()


async def test_a_large_event_that_comes_slowly_is_content(faults, endpoint, wire):
    async def large(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: "))
        for _ in range(8):
            await exchange.send(wire.chunk(b"x" * 20_000))
            await asyncio.sleep(0.15)
        await exchange.send(wire.chunk(b"\n\n") + wire.chunk(b""))

    faults.answers = [large]
    (data,) = await collect(endpoint(idle_timeout=0.6).post_stream("chat", {}))
    assert len(data) == 160_000


async def test_a_stream_that_stands_still_before_its_first_byte_times_out(faults, endpoint, wire):
    async def silent(exchange):
        await exchange.send(wire.head())
        await exchange.stall()

    faults.answers = [silent]
    with took_about(DEADLINE), pytest.raises(DeadlineExceeded) as caught:
        await collect(endpoint(idle_timeout=DEADLINE).post_stream("chat", {}))
    assert not isinstance(caught.value, StreamInterrupted)
    assert len(faults.requests) == 1


async def test_a_slow_consumer_does_not_make_the_provider_idle(faults, endpoint, wire):
    faults.answers = [wire.head() + wire.chunk(b"data: a\n\n"), b""]

    async def two_parts(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: a\n\n"))
        await asyncio.sleep(0.05)
        await exchange.send(wire.chunk(b"data: b\n\n") + wire.chunk(b""))

    faults.answers = [two_parts]
    seen = []
    async with aclosing(endpoint(idle_timeout=0.4).post_stream("chat", {})) as batches:
        async for batch in batches:
            seen += batch
            await asyncio.sleep(0.6)
    assert [event.data for event in seen] == ["a", "b"]


async def test_lines_of_json_have_the_same_limits(faults, endpoint, wire):
    async def stalls(exchange):
        await exchange.send(wire.head("application/x-ndjson") + wire.chunk(b'{"a": 1}\n'))
        await exchange.stall()

    faults.answers = [stalls]
    with took_about(DEADLINE), pytest.raises(StreamTimedOut):
        await collect(endpoint(idle_timeout=DEADLINE).post_lines("chat", {}))


async def test_an_endless_stream_stops_at_its_cap(faults, endpoint, wire):
    async def flood(exchange):
        await exchange.send(wire.head())
        piece = wire.chunk(b"data: " + b"x" * 1000 + b"\n\n") * 64
        while not exchange.reader.at_eof():
            await exchange.send(piece)

    faults.answers = [flood]
    size = 0
    with pytest.raises(StreamInterrupted) as caught:  # noqa: PT012
        async with aclosing(endpoint(limits=Limits(stream=4_000_000)).post_stream("chat", {})) as batches:
            async for batch in batches:
                size += sum(len(event.data) for event in batch)
    assert 3_000_000 < size <= 4_000_000
    assert caught.value.details["limit"] == 4_000_000
    await faults.closed.wait()


async def test_a_server_that_is_faster_than_its_reader_is_held_back(faults, endpoint, wire):
    sent = 0

    async def flood(exchange):
        nonlocal sent
        await exchange.send(wire.head())
        piece = wire.chunk(b"data: " + b"x" * 65536 + b"\n\n")
        while True:
            await exchange.send(piece)
            sent += len(piece)

    faults.answers = [flood]
    async with aclosing(endpoint().post_stream("chat", {})) as batches:
        await anext(batches)
        await asyncio.sleep(0.3)
        assert sent < 16_000_000


async def test_an_answer_over_its_cap_is_not_read_to_its_end(faults, endpoint, wire):
    faults.answers = [wire.response(b'"' + b"x" * 200_000 + b'"')]
    with pytest.raises(ModelError, match="one answer of more than 100,000 bytes") as caught:
        await endpoint(limits=Limits(body=100_000)).post_json("chat", {})
    assert caught.value.provider == "acme"


@pytest.mark.parametrize("moment", ["head", "body", "stream"])
async def test_cancelling_a_call_closes_its_connection(faults, wire, moment):
    async def stalls(exchange):
        if moment == "body":
            await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{")
        if moment == "stream":
            await exchange.send(wire.head() + wire.chunk(b"data: a\n\n"))
        reached.set()
        await exchange.stall()

    reached = asyncio.Event()
    faults.answers = [stalls]
    async with make_client() as client:
        endpoint = Endpoint(client, provider="acme", base_url=faults.url)
        call = collect(endpoint.post_stream("c", {})) if moment == "stream" else endpoint.post_json("c", {})
        task = asyncio.create_task(call)
        await reached.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(faults.closed.wait(), 10)
        assert asyncio.all_tasks() - {asyncio.current_task()} == faults._tasks - {asyncio.current_task()}


async def test_leaving_a_stream_early_closes_its_connection(faults, endpoint, wire):
    async def stalls(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: a\n\n"))
        await exchange.stall()

    faults.answers = [stalls]
    async with aclosing(endpoint().post_stream("chat", {})) as batches:
        async for _ in batches:
            break
    await asyncio.wait_for(faults.closed.wait(), 10)
