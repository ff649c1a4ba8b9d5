"""Errors in the forms that servers have for them; statuses, retries and secrets are the contract's matter."""

import pytest

from trouplet.errors import (
    AuthenticationFailed,
    InvalidResponse,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)

BODIES = {
    "openai": {"error": {"message": "No such thing", "type": "invalid_request_error", "param": None, "code": "x"}},
    "plain": {"error": "No such thing"},
    "vllm": {"object": "error", "message": "No such thing", "type": "NotFoundError", "code": 404},
    "dashscope": {"code": "InvalidParameter", "message": "No such thing", "request_id": "r"},
    "fastapi": {"detail": [{"loc": ["body", "messages"], "msg": "No such thing", "type": "x"}]},
    "fastapi text": {"detail": "No such thing"},
    "mistral": {"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "No such thing"}]}},
}


@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("stream", [True, False])
async def test_error_bodies_of_every_form_are_quoted(acme, model, ask, form, stream):
    acme.answers(BODIES[form], status=400)
    with pytest.raises(RequestRejected, match="No such thing") as caught:
        await ask(model(stream=stream))
    assert (caught.value.status, caught.value.provider) == (400, "acme")


async def test_an_endpoint_that_refuses_stream_options_is_told_how_to_use(acme, model, ask):
    acme.answers({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}, status=422)
    with pytest.raises(RequestRejected, match="include_usage=False"):
        await ask(model())


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        ({"message": "Overloaded", "type": "server_error", "code": None}, ProviderUnavailable, True),
        ({"message": "Slow down", "type": "tokens", "code": "rate_limit_exceeded"}, RateLimited, True),
        ({"message": "No money", "type": "insufficient_quota", "code": "insufficient_quota"}, RateLimited, False),
        ({"message": "Too long", "type": "invalid_request_error", "code": "x"}, RequestRejected, False),
        ({"message": "Bad key", "code": "invalid_api_key"}, AuthenticationFailed, False),
        ({"message": "Upstream", "code": 502}, ProviderUnavailable, True),
        ({"message": "Wait", "code": "429"}, RateLimited, True),
        ("It broke", InvalidResponse, False),
        ({"code": ""}, InvalidResponse, False),
    ],
)
async def test_an_error_in_a_stream_is_typed_by_its_code(acme, model, ask, sse, delta, error, kind, retryable):
    acme.answers(sse(delta(content="So far"), {"error": error}))
    with pytest.raises(kind) as caught:
        await ask(model())
    assert caught.value.partial == "So far"
    assert caught.value.retryable is retryable


async def test_an_event_that_is_named_error_is_an_error(acme, model, ask, sse, delta):
    acme.answers(sse(delta(content="So far")) + b'event: error\ndata: {"message": "Out of memory", "code": 500}\n\n')
    with pytest.raises(ProviderUnavailable, match="Out of memory") as caught:
        await ask(model())
    assert caught.value.partial == "So far"


async def test_an_error_in_the_choice_is_an_error(acme, model, ask, sse, delta):
    broken = delta("error", content="")
    broken["choices"][0]["error"] = {"code": 502, "message": "Provider disconnected"}
    acme.answers(sse(delta(content="So far"), broken, "[DONE]"))
    with pytest.raises(ProviderUnavailable, match="Provider disconnected"):
        await ask(model())
