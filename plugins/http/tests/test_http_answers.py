"""What providers answer instead of an answer becomes a typed error."""

import asyncio
import gzip

import httpx
import pytest

from trouplet.errors import (
    AuthenticationFailed,
    BadSetting,
    ConnectionFailed,
    InvalidResponse,
    KernelClosed,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)
from trouplet_http import (
    Endpoint,
    RetryPolicy,
    encode_body,
    error_from_body,
    error_from_status,
    make_client,
    names_error,
    parse_object,
)

ONCE = RetryPolicy(max_retries=0)


async def both_ways(endpoint):
    """The errors of a call that is not streamed and of one that is."""
    errors = []
    for call in (endpoint.post_json("chat", {}), anext(endpoint.post_stream("chat", {}))):
        with pytest.raises(ModelError) as caught:
            await call
        errors.append(caught.value)
    return errors


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!doctype html><title>Sign in</title>", "text/html"),
        (b"", "application/json"),
        (b"", "text/html"),
        (b"  \n", "application/json"),
        (b"not json", "application/json"),
        (b"[1, 2]", "application/json"),
        (b'{"choices": []}', "text/html"),
        (b'{"choices": []}', "image/png"),
        (b'{"a": ' * 30_000, "application/json"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "application/json"),
        (b'"\xff\xfe"', "application/json"),
    ],
)
async def test_what_is_no_answer_is_an_invalid_response(faults, endpoint, wire, body, kind):
    faults.answers = [wire.response(body, kind=kind)]
    for error in await both_ways(endpoint(retry=ONCE)):
        assert type(error) is InvalidResponse
        assert error.provider == "acme"
        assert error.status == 200
        assert "TP-608 acme sent" in str(error)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/problem+json"])
async def test_an_error_that_comes_with_status_200_is_what_it_says(faults, endpoint, wire, kind):
    body = b'{"error": {"message": "slow down", "code": 429}}'
    faults.answers = [wire.response(body, kind=kind)]
    for error in await both_ways(endpoint(retry=ONCE)):
        assert type(error) is RateLimited
        assert error.status == 200
        assert "acme answered: slow down" in str(error)


async def test_a_json_answer_where_a_stream_was_asked_for_is_an_invalid_response(faults, endpoint, wire):
    faults.answers = [wire.json({"choices": []})]
    with pytest.raises(InvalidResponse, match="application/json instead of a stream"):
        await anext(endpoint(retry=ONCE).post_stream("chat", {}))


async def test_a_stream_where_json_was_asked_for_is_an_invalid_response(faults, endpoint, wire):
    faults.answers = [wire.head() + wire.chunk(b"data: {}\n\n") + wire.chunk(b"")]
    with pytest.raises(InvalidResponse, match="text/event-stream instead of JSON"):
        await endpoint(retry=ONCE).post_json("chat", {})


async def test_a_server_that_does_not_name_the_kind_is_believed(faults, endpoint, wire):
    faults.answers = [b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok":true}']
    assert await endpoint().post_json("chat", {}) == {"ok": True}
    faults.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ndata: a\n\n"]
    (batch,) = [batch async for batch in endpoint().post_stream("chat", {})]
    assert batch[0].data == "a"


async def test_an_error_event_is_given_to_the_caller_who_makes_an_error_of_it(faults, endpoint, wire):
    body = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    faults.answers = [wire.head() + wire.chunk(body) + wire.chunk(b"")]
    (batch,) = [batch async for batch in endpoint().post_stream("chat", {})]
    error = error_from_body("acme", 200, parse_object(batch[0].data))
    assert batch[0].event == "error"
    assert type(error) is ProviderUnavailable
    assert "Overloaded" in str(error)


async def test_a_redirect_is_not_followed(faults, endpoint, wire):
    faults.answers = [wire.response(status=307, headers={"location": "https://elsewhere.test/"})]
    for error in await both_ways(endpoint()):
        assert type(error) is InvalidResponse
        assert "https://elsewhere.test/" in str(error)
    assert len(faults.requests) == 2


async def test_an_answer_that_cannot_be_decompressed_is_an_invalid_response(faults, endpoint, wire):
    faults.answers = [wire.response(b"not gzip at all", headers={"content-encoding": "gzip"})]
    with pytest.raises(InvalidResponse, match="cannot be decompressed"):
        await endpoint(retry=ONCE).post_json("chat", {})


async def test_a_compressed_stream_is_decoded_as_it_comes(faults, endpoint, wire):
    import zlib

    async def packed(exchange):
        packer = zlib.compressobj(wbits=31)
        head = wire.head().replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n")
        await exchange.send(head)
        for word in (b"a", b"b"):
            await exchange.send(
                wire.chunk(packer.compress(b"data: " + word + b"\n\n") + packer.flush(zlib.Z_SYNC_FLUSH))
            )
            await taken.wait()
        await exchange.send(wire.chunk(packer.flush()) + wire.chunk(b""))

    taken = asyncio.Event()
    faults.answers = [packed]
    seen = []
    async for batch in endpoint().post_stream("chat", {}):
        seen += [event.data for event in batch]
        taken.set()
    assert seen == ["a", "b"]


async def test_a_bomb_stops_at_the_cap(faults, endpoint, wire):
    from trouplet_http import Limits

    bomb = gzip.compress(b" " * 50_000_000)
    faults.answers = [wire.response(bomb, headers={"content-encoding": "gzip"})]
    with pytest.raises(InvalidResponse, match="more than 1,000,000 bytes"):
        await endpoint(retry=ONCE, limits=Limits(body=1_000_000)).post_json("chat", {})


async def test_the_body_goes_out_as_compact_utf8(faults, endpoint, wire):
    faults.answers = [wire.json({})]
    await endpoint().post_json("chat", {"text": "漢🙂", "n": [1, None]})
    request = faults.requests[0]
    assert request.body == '{"text":"漢🙂","n":[1,null]}'.encode()
    assert request.path == "/chat"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"


async def test_a_body_that_was_encoded_before_is_sent_as_it_is(faults, endpoint, wire):
    faults.answers = [wire.json({})]
    await endpoint().post_json("chat", b'{"a" :1}')
    assert faults.requests[0].body == b'{"a" :1}'


async def test_get_asks_with_parameters(faults, endpoint, wire):
    faults.answers = [wire.json({"data": []})]
    assert await endpoint(base_url=faults.url + "/v1/").get_json("/models", params={"page": "a b"}) == {"data": []}
    assert (faults.requests[0].method, faults.requests[0].path) == ("GET", "/v1/models?page=a+b")
    assert "idempotency-key" not in faults.requests[0].headers


async def test_a_query_of_the_base_url_stays_behind_the_path(faults, endpoint, wire):
    faults.answers = [wire.json({})]
    await endpoint(base_url=faults.url + "/openai?api-version=2026-01-01").post_json("chat", {})
    assert faults.requests[0].path == "/openai/chat?api-version=2026-01-01"


async def test_the_client_of_the_host_keeps_its_hooks_and_its_authentication(faults, wire):
    async def mark(request):
        request.headers["x-marked"] = "yes"

    async def read_it(response):
        await response.aread()

    faults.answers = [wire.json({"ok": True}), wire.head() + wire.chunk(b"data: a\n\n") + wire.chunk(b"")]
    hooks = {"request": [mark], "response": [read_it]}
    async with httpx.AsyncClient(auth=("ann", "pw"), event_hooks=hooks, headers={"x-host": "h"}) as client:
        endpoint = Endpoint(client, provider="acme", base_url=faults.url)
        assert await endpoint.post_json("chat", {}) == {"ok": True}
        (batch,) = [batch async for batch in endpoint.post_stream("chat", {})]
    assert batch[0].data == "a"
    for request in faults.requests:
        assert request.headers["x-marked"] == "yes"
        assert request.headers["authorization"].startswith("Basic ")
        assert request.headers["x-host"] == "h"


@pytest.mark.parametrize("transport", ["httpx", "asyncio"])
async def test_an_endpoint_works_on_any_transport(faults, wire, transport):
    faults.answers = [
        wire.json({"ok": True}),
        wire.head() + wire.chunk(b"data: a\n\ndata: b\n\n") + wire.chunk(b""),
        wire.json({"error": {"message": "no"}}, status=400),
    ]
    async with httpx.AsyncClient() if transport == "httpx" else make_client() as client:
        endpoint = Endpoint(client, provider="acme", base_url=faults.url)
        assert await endpoint.post_json("chat", {}) == {"ok": True}
        events = [event async for batch in endpoint.post_stream("chat", {}) for event in batch]
        assert [event.data for event in events] == ["a", "b"]
        with pytest.raises(RequestRejected):
            await endpoint.post_json("chat", {})


async def test_a_closed_client_is_a_closed_kernel(faults):
    client = make_client()
    endpoint = Endpoint(client, provider="acme", base_url=faults.url)
    await client.aclose()
    with pytest.raises(KernelClosed):
        await endpoint.post_json("chat", {})


@pytest.mark.parametrize("url", ["", "api.acme.test/v1", "ftp://acme.test", "http://", "http://[::1"])
async def test_a_base_url_that_is_no_address_is_refused(client, url):
    with pytest.raises(BadSetting, match="base_url"):
        Endpoint(client, provider="acme", base_url=url)


async def test_lines_of_json_come_as_lines(faults, endpoint, wire):
    lines = wire.chunk(b'{"a": 1}\n{"b"') + wire.chunk(b': 2}\n\n{"c": 3}')
    faults.answers = [wire.head("application/x-ndjson") + lines + wire.chunk(b"")]
    seen = [line async for batch in endpoint().post_lines("chat", {}) for line in batch]
    assert seen == ['{"a": 1}', '{"b": 2}', '{"c": 3}']


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "m"}}, RequestRejected),
        (401, {"error": "m"}, AuthenticationFailed),
        (402, {"detail": "m"}, RequestRejected),
        (429, {"message": "m"}, RateLimited),
        (500, {"error": {"msg": "m"}}, ProviderUnavailable),
        (529, {"error_description": "m"}, ProviderUnavailable),
        (599, {"errors": []}, ProviderUnavailable),
    ],
)
def test_a_status_tells_the_class_of_the_error(status, body, kind):
    error = error_from_status("acme", status, body)
    assert type(error) is kind
    assert (error.status, error.provider, error.details) == (status, "acme", body)
    assert ("m" if "errors" not in body else "HTTP status 599") in error.what


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"type": "overloaded_error"}}, ProviderUnavailable),
        ({"error": {"type": "rate_limit_error"}}, RateLimited),
        ({"error": {"code": "429"}}, RateLimited),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, ProviderUnavailable),
        ({"error": {"status": "RESOURCE_EXHAUSTED"}}, RateLimited),
        ({"error": {"type": "invalid_request_error"}}, RequestRejected),
        ({"error": {"type": "authentication_error"}}, AuthenticationFailed),
        ({"error": {"code": "invalid_api_key", "type": "invalid_request_error"}}, AuthenticationFailed),
        ({"code": "Throttling.RateQuota", "message": "m"}, RateLimited),
        ({"code": "InvalidApiKey", "message": "m"}, AuthenticationFailed),
        ({"error": "something"}, InvalidResponse),
        ({"error": {"code": True, "message": None, "type": []}}, InvalidResponse),
    ],
)
def test_an_error_body_tells_its_class_without_a_status(body, kind):
    assert type(error_from_body("acme", 200, body)) is kind


def test_a_provider_makes_its_own_sentence():
    error = error_from_status("acme", 400, {"fault": "x"}, describe=lambda status, body: f"{status}: {body['fault']}")
    assert "acme answered: 400: x" in str(error)


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"error": None}, False), ({"error": {}}, False), ({}, False), ({"error": "x"}, True), ({"type": "error"}, True)],
)
def test_an_empty_error_is_none(body, expected):
    assert names_error(body) is expected


async def test_a_certificate_that_is_not_trusted_is_not_tried_again(tls_faults, client):
    endpoint = Endpoint(client, provider="acme", base_url=tls_faults.url)
    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE") as caught:
        await endpoint.post_json("chat", {})
    assert not caught.value.retryable


def test_lone_surrogates_go_out_as_replacement_characters():
    assert encode_body({"a": "x\ud800y\ud83d\ude42"}) == '{"a":"x\ufffdy🙂"}'.encode()


@pytest.mark.parametrize("body", [{"a": {1, 2}}, {"a": float("nan")}, {"a": b"bytes"}, {"a": object()}])
def test_a_body_without_a_json_form_is_rejected(body):
    with pytest.raises(RequestRejected, match="no JSON form"):
        encode_body(body)


def test_a_body_that_contains_itself_is_rejected():
    body = {}
    body["a"] = body
    with pytest.raises(RequestRejected):
        encode_body(body)


def test_mappings_and_sequences_are_encoded_wherever_they_stand():
    from types import MappingProxyType

    assert encode_body(MappingProxyType({"a": (MappingProxyType({}), range(2))})) == b'{"a":[{},[0,1]]}'


@pytest.mark.parametrize("text", ["", "[]", "1", "{", "nul", '{"a":' * 100_000, b"\xff", '{"a": ' + "9" * 10_000 + "}"])
def test_text_that_is_no_json_object_is_an_invalid_response(text):
    with pytest.raises(InvalidResponse) as caught:
        parse_object(text, provider="acme")
    assert caught.value.__context__ is None
