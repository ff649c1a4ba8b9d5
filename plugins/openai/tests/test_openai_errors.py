"""What goes wrong at the provider comes out as one typed error that says what the provider said."""

import pytest

from trouplet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    InvalidResponse,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)
from trouplet_http import RetryPolicy

BODIES = {
    "openai": b'{"error": {"message": "No such thing", "type": "invalid_request_error", "param": null, "code": "x"}}',
    "plain": b'{"error": "No such thing"}',
    "vllm": b'{"object": "error", "message": "No such thing", "type": "NotFoundError", "code": 404}',
    "dashscope": b'{"code": "InvalidParameter", "message": "No such thing", "request_id": "r"}',
    "fastapi": b'{"detail": [{"loc": ["body", "messages"], "msg": "No such thing", "type": "x"}]}',
    "fastapi text": b'{"detail": "No such thing"}',
    "mistral": b'{"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "No such thing"}]}}',
}


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("stream", [True, False])
async def test_error_bodies_of_every_form_are_quoted(peer, model, ask, answer, form, stream):
    peer.answers(answer(BODIES[form], 400, "application/json"))
    with pytest.raises(RequestRejected, match="No such thing") as caught:
        await ask(model(stream=stream))
    assert (caught.value.status, caught.value.provider, caught.value.retryable) == (400, "openai", False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRejected),
        (401, AuthenticationFailed),
        (403, AuthenticationFailed),
        (404, RequestRejected),
        (413, RequestRejected),
        (422, RequestRejected),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_the_provider_refuses_is_asked_once(peer, model, ask, answer, status, kind, stream):
    peer.answers(answer(BODIES["openai"], status, "application/json"))
    with pytest.raises(kind):
        await ask(model(stream=stream, retry=RetryPolicy(max_retries=3)))
    assert len(peer.seen) == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_connection_that_breaks_before_the_answer_is_tried_again(
    peer, model, ask, response, answer, sse, delta, stream
):
    whole = b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}'
    good = (
        sse(delta(content="Hi"), delta("stop"), "[DONE]") if stream else answer(whole, content_type="application/json")
    )
    peer.answers(answer(b"", end="drop"), good)
    made = response(await ask(model(stream=stream, retry=RetryPolicy(max_retries=2))))
    assert made.content[0].text == "Hi"
    assert len(peer.seen) == 2
    assert peer.seen[0].body == peer.seen[1].body


async def test_a_stream_that_broke_after_its_first_byte_is_not_sent_again(peer, model, ask, answer, sse, delta):
    peer.answers(answer(sse(delta(content="Hi")), end="close"))
    with pytest.raises(ModelError):
        await ask(model(retry=RetryPolicy(max_retries=3)))
    assert len(peer.seen) == 1


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        ({"message": "Overloaded", "type": "server_error", "code": None}, ProviderUnavailable, True),
        ({"message": "Slow down", "type": "tokens", "code": "rate_limit_exceeded"}, RateLimited, True),
        ({"message": "No money", "type": "insufficient_quota", "code": "insufficient_quota"}, RateLimited, False),
        (
            {"message": "Too long", "type": "invalid_request_error", "code": "context_length_exceeded"},
            RequestRejected,
            False,
        ),
        ({"message": "Bad key", "code": "invalid_api_key"}, AuthenticationFailed, False),
        ({"message": "Upstream", "code": 502}, ProviderUnavailable, True),
        ({"message": "Wait", "code": "429"}, RateLimited, True),
        ("It broke", InvalidResponse, False),
        ({"code": ""}, InvalidResponse, False),
    ],
)
async def test_an_error_in_a_stream_is_typed_and_carries_the_text(peer, model, ask, sse, delta, error, kind, retryable):
    peer.answers(sse(delta(content="So far"), {"error": error}))
    with pytest.raises(kind) as caught:
        await ask(model())
    assert caught.value.partial == "So far"
    assert caught.value.retryable is retryable
    if isinstance(error, dict) and "message" in error:
        assert error["message"] in str(caught.value)


async def test_an_error_event_is_an_error(peer, model, ask, sse, delta):
    peer.answers(sse(delta(content="So far")) + b'event: error\ndata: {"message": "Out of memory", "code": 500}\n\n')
    with pytest.raises(ProviderUnavailable, match="Out of memory") as caught:
        await ask(model())
    assert caught.value.partial == "So far"


async def test_an_error_in_the_choice_is_an_error(peer, model, ask, sse, delta):
    chunk = delta("error", content="")
    chunk["choices"][0]["error"] = {"code": 502, "message": "Provider disconnected"}
    peer.answers(sse(delta(content="So far"), chunk, "[DONE]"))
    with pytest.raises(ProviderUnavailable, match="Provider disconnected"):
        await ask(model())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html><body>Welcome to the proxy</body></html>", "text/html"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "application/json"),
        (b'{"choices": []}', "application/json"),
        (b'{"choices": [{"message": null}]}', "application/json"),
        (b'{"choices": "no"}', "application/json"),
        (b'{"choices": [null]}', "application/json"),
    ],
)
async def test_an_answer_that_is_no_completion_is_a_typed_error(peer, model, ask, answer, body, content_type, stream):
    peer.answers(answer(body, content_type=content_type))
    with pytest.raises(ModelError):
        await ask(model(stream=stream))


@pytest.mark.parametrize("stream", [True, False])
async def test_an_error_with_status_200_is_an_error(peer, model, ask, answer, stream):
    peer.answers(answer(b'{"error": {"message": "Nope", "code": 429}}', content_type="application/json"))
    with pytest.raises(ModelError) as caught:
        await ask(model(stream=stream))
    assert "Nope" in str(caught.value)


async def test_events_that_are_not_json_are_an_invalid_answer(peer, model, ask, sse, delta):
    for event in ('{"choices": [', "nonsense", "[1]", "3", '{"choices": 3}', '{"choices": [3]}'):
        peer.answers(sse(delta(content="So far"), event, "[DONE]"))
        with pytest.raises(InvalidResponse) as caught:
            await ask(model())
        assert caught.value.partial == "So far", event


async def test_nobody_there_is_a_failed_connection(model, ask):
    with pytest.raises(ConnectionFailed):
        await ask(model(base_url="http://127.0.0.1:9/v1"))


async def test_an_endpoint_that_refuses_stream_options_is_told_how_to_use(peer, model, ask, answer):
    body = b'{"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}'
    peer.answers(answer(body, 422, "application/json"))
    with pytest.raises(RequestRejected, match="include_usage=False"):
        await ask(model())


async def test_the_key_is_in_no_error(peer, model, ask, answer):
    peer.answers(answer(b'{"error": {"message": "Incorrect API key: sk-secret-1234567890"}}', 401, "application/json"))
    with pytest.raises(AuthenticationFailed) as caught:
        await ask(model(api_key="sk-secret-1234567890"))
    assert "sk-secret" not in str(caught.value)
    assert "sk-secret" not in str(caught.value.details)
