"""Exchanges are recorded with their chunks, and replayed in order or not at all."""

import asyncio
import json

import httpx
import pytest

from trouplet.errors import StreamInterrupted
from trouplet_http import AsyncioTransport, Endpoint, RecordingTransport, ReplayMismatch, ReplayTransport, RetryPolicy


async def record(faults, path, wire):
    async def broken(exchange):
        await exchange.send(wire.head() + wire.chunk(b"data: a\n\nda"))
        await asyncio.sleep(0.05)
        await exchange.send(wire.chunk(b"ta: \xe6\xbc"))
        await asyncio.sleep(0.05)
        await exchange.send(wire.chunk(b"\xa2\n\n"))
        await asyncio.sleep(0.05)
        exchange.close()

    faults.answers = [wire.json({"n": 1}), wire.json({"error": "x"}, status=503), wire.json({"n": 2}), broken]
    async with httpx.AsyncClient(transport=RecordingTransport(AsyncioTransport(), path)) as client:
        await use(Endpoint(client, provider="acme", base_url=faults.url, retry=RetryPolicy(first_wait=0.001)))


async def use(endpoint):
    assert await endpoint.post_json("chat", {"q": 1}) == {"n": 1}
    assert await endpoint.post_json("chat", {"q": 2}) == {"n": 2}
    seen = []
    with pytest.raises(StreamInterrupted):  # noqa: PT012
        async for batch in endpoint.post_stream("chat", {"q": 3}):
            seen += [event.data for event in batch]
    assert seen == ["a", "漢"]


async def test_what_was_recorded_is_replayed_with_its_chunks_and_its_errors(faults, tmp_path, wire):
    path = tmp_path / "exchanges.jsonl"
    await record(faults, path, wire)
    lines = [json.loads(line) for line in (await asyncio.to_thread(path.read_text)).splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2, 3]
    assert lines[0]["request"]["method"] == "POST"
    assert lines[0]["request"]["body"] == {"text": '{"q":1}'}
    assert [line["response"]["status"] for line in lines] == [200, 503, 200, 200]
    assert lines[3]["response"]["chunks"][:2] == [{"text": "data: a\n\nda"}, {"base64": "dGE6IOa8"}]
    assert lines[3]["error"]["type"] == "RemoteProtocolError"

    async with httpx.AsyncClient(transport=ReplayTransport(path)) as client:
        await use(Endpoint(client, provider="acme", base_url=faults.url, retry=RetryPolicy(first_wait=0.001)))


async def test_a_failed_connection_is_recorded_too(tmp_path):
    def refuse(request):
        raise httpx.ConnectError("refused")

    path = tmp_path / "exchanges.jsonl"
    for transport in (RecordingTransport(httpx.MockTransport(refuse), path), ReplayTransport(path)):
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(httpx.ConnectError, match="refused"):
                await client.get("http://acme.test/")


@pytest.fixture
async def recording(tmp_path):
    path = tmp_path / "exchanges.jsonl"
    inner = httpx.MockTransport(lambda request: httpx.Response(200, json={"path": request.url.path}))
    async with httpx.AsyncClient(transport=RecordingTransport(inner, path)) as client:
        await client.post("http://acme.test/one", json={"a": 1, "b": 2})
        await client.post("http://acme.test/two", json={})
    return path


async def test_a_request_that_differs_is_refused(recording):
    client = httpx.AsyncClient(transport=ReplayTransport(recording))
    with pytest.raises(ReplayMismatch, match=r"request 1 differs.*asked with body \{\"a\":3\}") as caught:
        await client.post("http://acme.test/one", json={"a": 3})
    assert isinstance(caught.value, AssertionError)
    await client.aclose()


async def test_another_order_is_refused(recording):
    client = httpx.AsyncClient(transport=ReplayTransport(recording))
    with pytest.raises(
        ReplayMismatch, match=r"asked for POST http://acme\.test/two, recorded is POST http://acme\.test/one"
    ):
        await client.post("http://acme.test/two", json={})
    await client.aclose()


async def test_a_request_that_was_not_recorded_is_refused(recording):
    async with httpx.AsyncClient(transport=ReplayTransport(recording)) as client:
        await client.post("http://acme.test/one", json={"b": 2, "a": 1})
        await client.post("http://acme.test/two", json={})
        with pytest.raises(ReplayMismatch, match=r"request 3 was not recorded: POST http://acme\.test/three"):
            await client.post("http://acme.test/three", json={})


async def test_an_exchange_that_is_not_used_is_reported_at_the_end(recording):
    client = httpx.AsyncClient(transport=ReplayTransport(recording))
    await client.post("http://acme.test/one", json={"a": 1, "b": 2})
    with pytest.raises(ReplayMismatch, match="1 of 2 recorded exchanges were not used"):
        await client.aclose()


async def test_an_error_in_the_test_is_not_hidden_by_what_was_not_used(recording):
    with pytest.raises(ZeroDivisionError):
        async with httpx.AsyncClient(transport=ReplayTransport(recording)):
            1 / 0  # noqa: B018


async def test_a_mismatch_passes_through_an_endpoint_unchanged(recording):
    client = httpx.AsyncClient(transport=ReplayTransport(recording))
    endpoint = Endpoint(client, provider="acme", base_url="http://acme.test")
    with pytest.raises(ReplayMismatch):
        await endpoint.post_json("other", {})
    await client.aclose()


async def test_requests_at_the_same_time_are_recorded_in_the_order_of_their_start(tmp_path):
    async def slow_first(request):
        await asyncio.sleep(0.05 if request.url.path == "/0" else 0)
        return httpx.Response(200, json={})

    path = tmp_path / "exchanges.jsonl"
    async with httpx.AsyncClient(transport=RecordingTransport(httpx.MockTransport(slow_first), path)) as client:
        await asyncio.gather(*(client.get(f"http://acme.test/{number}") for number in range(3)))
    async with httpx.AsyncClient(transport=ReplayTransport(path)) as client:
        for number in range(3):
            await client.get(f"http://acme.test/{number}")
