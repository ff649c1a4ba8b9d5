"""The fault server."""

import asyncio
import json
from itertools import chain, cycle

import httpx
import pytest

from trouplet.testing import FaultServer, LeakCheck
from trouplet.testing.fault_server import LAST_CHUNK, READ, RESET, SILENT, STALL, chunk, event_stream, response

HELLO = response(b'{"hello": 1}')


@pytest.fixture
async def client():
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        yield client


async def test_a_reply_is_replayed_and_the_request_recorded(client):
    async with FaultServer([HELLO]) as server:
        reply = await client.post(f"{server.url}/v1/chat?x=1", json={"a": [1]}, headers={"X-Key": "k"})
    assert reply.json() == {"hello": 1}
    (request,) = server.requests
    assert (request.method, request.path, request.headers["x-key"]) == ("POST", "/v1/chat?x=1", "k")
    assert json.loads(request.body) == {"a": [1]}
    assert bytes(server.connections[0].received).startswith(b"POST /v1/chat?x=1 HTTP/1.1\r\n")


async def test_a_request_in_chunks_is_recorded_whole(client):
    async def body():
        yield b"one "
        yield b"two"

    async with FaultServer([HELLO]) as server:
        await client.post(server.url, content=body())
    assert server.requests[0].body == b"one two"


async def test_each_connection_plays_the_next_script(client):
    async with FaultServer([response(b"1"), response(b"2", status=503, headers={"retry-after": "1"})]) as server:
        first, second = await client.get(server.url), await client.get(server.url)
    assert (first.text, second.text) == ("1", "2")
    assert (second.status_code, second.headers["retry-after"]) == (503, "1")


async def test_a_connection_can_serve_several_requests(client):
    async with FaultServer([(response(b"1"), READ, response(b"2"))]) as server:
        assert [(await client.get(server.url)).text for _ in range(2)] == ["1", "2"]
    assert len(server.connections) == 1


async def test_the_last_script_is_repeated_when_asked(client):
    async with FaultServer([HELLO], repeat=True) as server:
        for _ in range(3):
            await client.get(server.url)
    assert len(server.requests) == 3


async def test_more_connections_than_scripts_are_reset_and_an_error_at_the_end(client):
    server = FaultServer([HELLO])
    await server.__aenter__()
    await client.get(server.url)
    with pytest.raises(httpx.TransportError):
        await client.get(server.url)
    with pytest.raises(AssertionError, match="1 connections more than the 1 scripts"):
        await server.__aexit__(None, None, None)


async def test_server_sent_events_come_as_events(client):
    async with FaultServer([event_stream("one", "two")]) as server:
        reply = await client.get(server.url)
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.text == "data: one\n\ndata: two\n\n"


async def test_a_reply_can_be_cut_anywhere(client):
    async with FaultServer([HELLO[:-3]]) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(server.url)


async def test_a_reset_is_no_clean_end(client):
    async with FaultServer([(HELLO[:-3], RESET)]) as server:
        with pytest.raises(httpx.ReadError):
            await client.get(server.url)


async def test_a_server_can_reset_without_reading(client):
    async with FaultServer([(SILENT, RESET)]) as server:
        with pytest.raises(httpx.TransportError):
            await client.get(server.url)
    assert server.requests == []


async def test_a_stall_lasts_until_the_client_goes(client):
    head = event_stream()[: -len(LAST_CHUNK)]
    async with FaultServer([(head, chunk(b"data: a\n\n"), STALL)]) as server:
        async with client.stream("GET", server.url) as reply:
            pieces = reply.aiter_raw()
            assert await anext(pieces) == b"data: a\n\n"
            assert server.open_connections == 1
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(pieces), 0.05)
        async with asyncio.timeout(10):
            await server.connections[0].closed.wait()
        assert server.open_connections == 0


async def test_pauses_are_kept(client):
    loop = asyncio.get_running_loop()
    async with FaultServer([(HELLO[:-3], 0.1, HELLO[-3:])]) as server:
        begun = loop.time()
        assert (await client.get(server.url)).json() == {"hello": 1}
    assert loop.time() - begun >= 0.09


async def test_a_server_that_closes_while_a_client_waits_leaves_nothing():
    async with LeakCheck():
        async with FaultServer([STALLED], repeat=True) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await reader.read(1)
        writer.close()


STALLED = (b"H", STALL)


async def test_each_request_can_be_given_a_script_of_its_own(client):
    def respond(request):
        return response(request.path.encode()), READ

    async with FaultServer(respond=respond) as server:
        assert [(await client.get(f"{server.url}/{number}")).text for number in range(3)] == ["/0", "/1", "/2"]
    assert len(server.connections) == 1, "the connection is kept"
    assert [request.arrived for request in server.requests] == sorted([one.arrived for one in server.requests])


async def test_a_script_for_a_request_that_does_not_read_on_ends_the_connection(client):
    async with FaultServer(respond=lambda request: HELLO) as server:
        for _ in range(2):
            await client.get(server.url)
    assert len(server.connections) == 2


async def test_a_script_may_be_endless(client):
    endless = chain([event_stream()[: -len(LAST_CHUNK)]], cycle([chunk(b": beat\n\n"), 0.001]))
    async with FaultServer(respond=lambda request: endless) as server:
        async with client.stream("GET", server.url) as reply:
            pieces = reply.aiter_raw()
            for _ in range(5):
                assert b"beat" in await anext(pieces)
        async with asyncio.timeout(10):
            await server.connections[0].closed.wait()


async def test_a_request_is_in_flight_until_it_is_answered(client):
    async with FaultServer(respond=lambda request: (HELLO, READ)) as server:
        await client.get(server.url)
        await asyncio.sleep(0)
        assert (server.in_flight, server.open_connections) == (0, 1)
    asked = asyncio.Event()

    def stall(request):
        asked.set()
        return (b"", STALL)

    async with FaultServer(respond=stall) as server:
        task = asyncio.create_task(client.get(server.url))
        async with asyncio.timeout(10):
            await asked.wait()
        assert server.in_flight == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(10):
            await server.connections[0].closed.wait()
        assert server.in_flight == 0
