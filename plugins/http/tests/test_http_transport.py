"""The default transport: connections that are kept, framing of bodies, errors as httpx's own."""

import asyncio
import gzip
import itertools
import ssl
import zlib
from contextlib import asynccontextmanager, suppress

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trouplet_http import AsyncioTransport, make_client
from trouplet_http.framing import ChunkedFraming, framing_of
from trouplet_http.pool import default_max_connections


@asynccontextmanager
async def serving(handle):
    """Serve one connection with a raw handler; its socket is gone when the block ends."""

    async def serve(reader, writer):
        try:
            with suppress(ConnectionError):
                await handle(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await gone.wait()


async def test_a_connection_is_used_again(faults, client, wire):
    faults.answers = [wire.json({"ok": True})]
    for _ in range(5):
        assert (await client.post(faults.url, json={})).json() == {"ok": True}
    assert faults.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
    ],
    ids=["close", "HTTP/1.0", "too much"],
)
async def test_a_connection_that_must_not_be_used_again_is_not(faults, client, answer):
    faults.answers = [answer]
    for _ in range(2):
        assert (await client.get(faults.url)).text == "ok"
    assert faults.connections == 2


async def test_a_body_ends_with_its_connection_if_nothing_else_tells(faults, client):
    async def until_close(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nto the ")
        await exchange.send(b"end")
        exchange.close()

    faults.answers = [until_close]
    assert (await client.get(faults.url)).text == "to the end"


async def test_a_response_without_a_body_needs_none(faults, client):
    faults.answers = [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"]
    assert (await client.get(faults.url)).status_code == 204
    assert (await client.head(faults.url)).headers["content-length"] == "9"
    assert (await client.head(faults.url)).status_code == 200
    assert faults.connections == 1


async def test_informational_responses_are_passed_over(faults, client, wire):
    faults.answers = [b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + wire.json({"ok": True})]
    assert (await client.get(faults.url)).json() == {"ok": True}


async def test_headers_and_reason_arrive_as_they_were_sent(faults, client):
    faults.answers = [b"HTTP/1.1 200 Splendid\r\nX-One: a\r\nx-one: b\r\ncontent-length: 0\r\n\r\n"]
    response = await client.get(faults.url)
    assert response.reason_phrase == "Splendid"
    assert response.http_version == "HTTP/1.1"
    assert response.headers.get_list("x-one") == ["a", "b"]
    assert (b"X-One", b"a") in response.headers.raw


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_compressed_bodies_are_decompressed(faults, client, wire, encoding):
    body = b'{"ok": true}' * 1000
    packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    faults.answers = [wire.response(packed, headers={"content-encoding": encoding})]
    assert (await client.get(faults.url)).content == body


async def test_a_request_body_of_unknown_length_goes_out_in_chunks(client):
    received = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        received.set_result(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async def parts():
        yield b"one"
        yield b""
        yield b"two"

    async with serving(serve) as url:
        response = await client.post(url, content=parts())
    assert response.status_code == 200
    assert (await received).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_an_answer_that_comes_before_the_request_was_read_is_read(client):
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        while await reader.read(65536):
            pass

    async with serving(refuse) as url:
        response = await client.post(url, content=b"x" * 5_000_000)
    assert response.status_code == 413


async def hang_up(exchange):
    exchange.close()


async def reset(exchange):
    exchange.reset()


async def half_a_head(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\nx-a: ")
    exchange.close()


async def half_a_body(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345")
    exchange.close()


async def half_a_chunk(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n123")
    exchange.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hang_up, httpx.RemoteProtocolError),
        (reset, httpx.ReadError),
        (half_a_head, httpx.RemoteProtocolError),
        (half_a_body, httpx.RemoteProtocolError),
        (half_a_chunk, httpx.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabcd", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabcd", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_a_broken_answer_raises_what_httpx_raises(faults, client, answer, error):
    faults.answers = [answer]
    with pytest.raises(error) as caught:
        await client.get(faults.url)
    assert type(caught.value) is error


async def test_nobody_listening_is_a_connect_error(client):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    with pytest.raises(httpx.ConnectError):
        await client.get(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["ftp://acme.test/", "http:///path"])
async def test_other_protocols_are_refused(client, url):
    with pytest.raises(httpx.UnsupportedProtocol):
        await client.get(url)


async def test_timeouts_of_the_request_are_kept(faults, client):
    async def silent(exchange):
        await exchange.stall()

    faults.answers = [silent]
    with pytest.raises(httpx.ReadTimeout):
        await client.get(faults.url, timeout=0.05)


async def test_who_comes_when_all_connections_are_taken_waits_in_line(faults, wire):
    async def slow(exchange):
        running.append(exchange)
        most.append(len(running))
        await asyncio.sleep(0.02)
        running.remove(exchange)
        await exchange.send(wire.json({}))

    running, most = [], []
    faults.answers = [slow]
    async with make_client(max_connections=3) as client:
        await asyncio.gather(*(client.get(faults.url) for _ in range(12)))
        assert max(most) == 3
        assert faults.connections == 3


async def test_a_wait_in_line_has_a_timeout_too(faults):
    asked = asyncio.Event()

    async def silent(exchange):
        asked.set()
        await exchange.stall()

    faults.answers = [silent]
    async with make_client(max_connections=1) as client:
        task = asyncio.create_task(client.get(faults.url))
        await asked.wait()
        with pytest.raises(httpx.PoolTimeout):
            await client.get(faults.url, timeout=httpx.Timeout(None, pool=0.05))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_limit_makes_room_by_closing_an_idle_connection(faults, tls_faults, wire):
    faults.answers = tls_faults.answers = [wire.json({})]
    async with httpx.AsyncClient(transport=AsyncioTransport(max_connections=1, ssl_context=unchecked)) as client:
        for url in (faults.url, tls_faults.url, faults.url):
            await client.get(url)
    assert faults.connections == 2


async def test_an_idle_connection_is_closed_after_a_while(faults, wire):
    faults.answers = [wire.json({})]
    async with httpx.AsyncClient(transport=AsyncioTransport(keepalive=0.1)) as client:
        await client.get(faults.url)
        await asyncio.wait_for(faults.closed.wait(), 10)


async def test_a_connection_that_is_in_use_again_does_not_confuse_the_sweep_of_idle_ones(faults, wire):
    problems, swept = [], asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(context["message"]))

    async def slow(exchange):
        await swept.wait()
        await exchange.send(wire.json({}))

    faults.answers = [wire.json({}), slow]
    async with httpx.AsyncClient(transport=AsyncioTransport(keepalive=0.05)) as client:
        await client.get(faults.url)
        loop.call_later(0.2, swept.set)
        await client.get(faults.url)
    assert faults.connections == 1
    assert problems == []


async def test_an_idle_connection_that_receives_something_is_dropped(faults, client, wire):
    async def answers_twice(exchange):
        await exchange.send(wire.json({"n": 1}))
        await asyncio.sleep(0.05)
        await exchange.send(wire.json({"n": 2}))

    faults.answers = [answers_twice, wire.json({"n": 3})]
    assert (await client.get(faults.url)).json() == {"n": 1}
    await asyncio.wait_for(faults.closed.wait(), 10)
    assert (await client.get(faults.url)).json() == {"n": 3}


async def test_closing_the_client_closes_its_sockets(faults, wire):
    faults.answers = [wire.json({})]
    client = make_client()
    await asyncio.gather(*(client.get(faults.url) for _ in range(5)))
    await client.aclose()
    await asyncio.wait_for(faults.all_gone(), 10)


def test_a_client_may_be_used_in_one_loop_after_the_other(wire):
    transport = AsyncioTransport()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(wire.json({"ok": True}))
        await reader.read()

    async def once():
        async with serving(serve) as url:
            request = httpx.Request("GET", url)
            response = await transport.handle_async_request(request)
            assert await response.aread() == b'{"ok": true}'
            await transport.aclose()

    asyncio.run(once())
    asyncio.run(once())


def unchecked():
    return httpx.create_ssl_context(verify=False)


async def test_tls_certificates_are_verified(tls_faults, client, wire):
    tls_faults.answers = [wire.json({"ok": True})]
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await client.get(tls_faults.url)
    trusted = ssl.create_default_context(cafile=wire.certificate)
    async with httpx.AsyncClient(transport=AsyncioTransport(ssl_context=lambda: trusted)) as other:
        for _ in range(2):
            assert (await other.get(tls_faults.url)).json() == {"ok": True}
    assert len(tls_faults.requests) == 2


async def test_a_certificate_for_another_name_is_refused(tls_faults, wire):
    trusted = ssl.create_default_context(cafile=wire.certificate)
    async with httpx.AsyncClient(transport=AsyncioTransport(ssl_context=lambda: trusted)) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(tls_faults.url, extensions={"sni_hostname": "acme.test"})


async def test_a_name_is_resolved_and_all_its_addresses_are_tried(faults, client, wire):
    faults.answers = [wire.json({"ok": True})]
    url = faults.url.replace("127.0.0.1", "localhost")
    assert (await client.get(url)).json() == {"ok": True}


async def test_many_at_once_share_one_client(faults, client, wire):
    async def rendezvous(exchange):
        barrier.append(exchange)
        if len(barrier) == 200:
            everybody.set()
        await everybody.wait()
        await exchange.send(wire.json({"ok": True}))

    barrier, everybody = [], asyncio.Event()
    faults.answers = [rendezvous]
    responses = await asyncio.gather(*(client.post(faults.url, json={}) for _ in range(200)))
    assert {response.status_code for response in responses} == {200}
    assert faults.connections == 200


def test_the_default_number_of_connections_leaves_descriptors_for_others(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert default_max_connections() == 192
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert default_max_connections() == 1000


CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    CHUNKS,
    st.sampled_from([b"", b";name=value", b" ;a"]),
    st.sampled_from([b"", b"x-t: 1\r\n"]),
    st.lists(st.integers(0, 600)),
)
def test_chunks_cut_anywhere_give_their_content(chunks, extension, trailer, cuts):
    wire = b"".join(b"%x%s\r\n%s\r\n" % (len(data), extension, data) for data in chunks) + b"0\r\n" + trailer + b"\r\n"
    points = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    framing = ChunkedFraming()
    content = b"".join(framing.feed(wire[a:b]) for a, b in itertools.pairwise(points) if a < b)
    assert content == b"".join(chunks)
    assert framing.done
    assert not framing.excess


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"5", b"a", b"0", b"\r\n", b"\r", b"\n", b"hello", b"+5", b"0x5", b"1_0", b";x", b" ", b"", b"FF"]
        ),
        max_size=14,
    )
)
def test_whatever_h11_refuses_in_a_chunked_body_is_refused(parts):
    wire = b"".join(parts)
    theirs, ours = with_h11(wire), with_ours(wire)
    if theirs == "refused":
        assert ours in ("refused", "incomplete")
    elif ours not in ("refused", "incomplete"):
        assert ours == theirs


def with_h11(wire):
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + wire)
    content = b""
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return "incomplete"
            if isinstance(event, h11.EndOfMessage):
                return content
            if isinstance(event, h11.Data):
                content += event.data
    except h11.RemoteProtocolError:
        return "refused"


def with_ours(wire):
    framing = ChunkedFraming()
    try:
        content = framing.feed(wire)
    except httpx.RemoteProtocolError:
        return "refused"
    return content if framing.done else "incomplete"


def test_trailers_without_end_are_refused():
    framing = ChunkedFraming()
    framing.feed(b"0\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        [framing.feed(b"x-trailer: 1\r\n") for _ in range(3000)]


@pytest.mark.parametrize(
    ("method", "status", "headers", "kind"),
    [
        (b"HEAD", 200, [(b"transfer-encoding", b"chunked")], "LengthFraming"),
        (b"GET", 304, [(b"content-length", b"9")], "LengthFraming"),
        (b"GET", 200, [(b"content-length", b"9"), (b"transfer-encoding", b"chunked")], "ChunkedFraming"),
        (b"GET", 200, [(b"content-length", b"9")], "LengthFraming"),
        (b"GET", 200, [], "OpenFraming"),
    ],
)
def test_the_framing_follows_from_method_status_and_headers(method, status, headers, kind):
    assert type(framing_of(method, status, headers)).__name__ == kind
