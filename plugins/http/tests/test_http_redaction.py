"""No secret leaves the program through an error, a log or a recording."""

import asyncio
import json
import logging
import traceback

import httpx
import pytest

from trouplet.errors import BadSetting, ModelError, RequestRejected
from trouplet.secret import Secret
from trouplet_http import Endpoint, RecordingTransport, Redactor, RetryPolicy, make_client, redact

CANARY = "canary/9f8e7d6c5b4a+="

KEYS = {
    "OpenAI": "sk-proj-abcdefghijklmnop1234567890",
    "Anthropic": "sk-ant-api03-abcdefghijklmnop-1234567890_AA",
    "Google": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "Google token": "ya29.a0AfB_byC1234567890abcdefghijk",
    "Groq": "gsk_abcdefghijklmnop1234567890",
    "xAI": "xai-abcdefghijklmnop1234567890",
    "Hugging Face": "hf_abcdefghijklmnop1234567890",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "GitHub": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_keys_of_a_known_shape_are_seen_anywhere(key):
    for text in (key, f"Incorrect API key provided: {key}.", f'{{"k":"{key}"}}', f"https://a.test/?x={key}&y=1"):
        assert key not in redact(text)
        assert key[4:] not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization={CANARY}",
        f"{{'x-api-key': '{CANARY}'}}",
        f'{{"x-goog-api-key":"{CANARY}"}}',
        f"https://a.test/v1?alt=sse&key={CANARY}&z=1",
        f"api_key = {CANARY}",
        f"Bearer {CANARY}",
    ],
)
def test_values_under_a_name_that_tells_are_seen(text):
    assert CANARY not in redact(text)


@pytest.mark.parametrize(
    "text",
    ["the key is wrong", "max_tokens: 100", "monkey=banana", "task-force-one-two-three", "https://a.test/?page=2", "risk-averse-people-live"],  # noqa: E501
)  # fmt: skip
def test_ordinary_text_stays_as_it_is(text):
    assert redact(text) == text


def test_secrets_given_by_value_are_seen_in_their_encoded_forms():
    redactor = Redactor([Secret(f'Bearer {CANARY}"')])
    for text in (CANARY + '"', "canary%2F9f8e7d6c5b4a%2B%3D%22", 'canary/9f8e7d6c5b4a+=\\"'):
        assert "9f8e7d6c5b4a" not in redactor.text(f"it was {text}!")
    assert "9f8e" not in repr(redactor)


def test_short_values_are_not_taken_for_secrets():
    assert Redactor([Secret("abc")]).text("abcdef") == "abcdef"


def test_data_is_redacted_at_every_depth():
    data = {"a": [{"x-api-key": "whatever"}, f"key={CANARY}"], "api_key": "short", "n": 1, "idempotency-key": "k1"}
    clean = Redactor([CANARY]).data(data)
    assert clean == {"a": [{"x-api-key": "***"}, "key=***"], "api_key": "***", "n": 1, "idempotency-key": "k1"}


def echo(status):
    """A provider that repeats everything it was told in its error."""

    def answer(request):
        said = dict(request.headers)
        body = {"error": {"message": f"bad request {said} {request.url}", "headers": said}}
        headers = {"location": f"https://e.test/?key={CANARY}", "x-request-id": CANARY}
        return httpx.Response(status, json=body, headers=headers)

    return answer


def html(request):
    return httpx.Response(200, html=f"<p>{request.headers}{request.headers['x-api-key']}</p>")


def breaks(request):
    raise httpx.ConnectError(f"cannot connect, headers {request.headers['x-api-key']}", request=request)


def dump(error):
    """Everything that a crash report could show of an error."""
    parts = [str(error), repr(error), repr(error.args), json.dumps(error.as_dict()), repr(vars(error))]
    parts += traceback.format_exception(error)
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    own = [frame for frame in report.stack if "trouplet_http" in frame.filename]
    parts += [str(frame.locals) for frame in own]
    while error is not None:
        assert not hasattr(error, "request") or not isinstance(error, httpx.HTTPError)
        parts.append(repr(vars(error)))
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("answer", [*(echo(status) for status in (200, 307, 400, 401, 429, 500)), html, breaks])
async def test_errors_hold_no_secret(answer, streamed, caplog):
    caplog.set_level(logging.DEBUG)
    async with make_client(transport=httpx.MockTransport(answer)) as client:
        endpoint = Endpoint(
            client,
            provider="acme",
            base_url=f"https://acme.test/v1?key={CANARY}",
            headers={
                "Authorization": Secret(f"Bearer {CANARY}"),
                "x-api-key": CANARY,
                "x-goog-api-key": KEYS["Google"],
            },
            retry=RetryPolicy(first_wait=0.001),
        )
        with pytest.raises(ModelError) as caught:
            await (anext(endpoint.post_stream("chat", {})) if streamed else endpoint.post_json("chat", {}))
    said = dump(caught.value) + caplog.text + repr(endpoint)
    assert "9f8e7d6c5b4a" not in said
    assert KEYS["Google"] not in said


@pytest.mark.parametrize("value", ["sk-abc\n", "sk-\u201cquoted\u201d-secretpart", "sk-abcdef ", "sk-a\0b"])
async def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(client, value):
    with pytest.raises(BadSetting) as caught:
        Endpoint(
            client, provider="acme", base_url="https://a.test", headers={"authorization": Secret(f"Bearer {value}")}
        )
    assert "sk-" not in dump(caught.value)


async def test_the_log_of_httpx_shows_no_key_of_a_url(caplog):
    caplog.set_level(logging.INFO, logger="httpx")
    async with make_client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={}))) as client:
        await client.get(f"https://acme.test/v1/models?key={CANARY}")
    assert "acme.test" in caplog.text
    assert CANARY not in caplog.text


async def test_a_request_that_has_no_json_form_says_so_without_the_request(client):
    endpoint = Endpoint(client, provider="acme", base_url="https://a.test", headers={"x-api-key": CANARY})
    with pytest.raises(RequestRejected) as caught:
        await endpoint.post_json("chat", {"a": object()})
    assert CANARY not in dump(caught.value)


async def test_recordings_hold_no_secret(tmp_path):
    path = tmp_path / "exchanges.jsonl"

    class Halves(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b'{"echo": "' + CANARY[:9].encode()
            yield CANARY[9:].encode() + b'"}'

    inner = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"set-cookie": f"s={CANARY}", "x-a": CANARY}, stream=Halves())
    )
    async with make_client(transport=RecordingTransport(inner, path, secrets=[Secret(CANARY)])) as client:
        endpoint = Endpoint(
            client, provider="acme", base_url=f"https://acme.test/{CANARY}?key={CANARY}", headers={"x-api-key": CANARY}
        )
        (_, value) = (await endpoint.post_json("chat", {"said": CANARY})).popitem()
    assert value == CANARY
    text = await asyncio.to_thread(path.read_text)
    assert "acme.test" in text
    assert "canary" not in text
