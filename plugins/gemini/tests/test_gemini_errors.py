"""What Google says when it fails."""

import pytest

from trouplet.errors import AuthenticationFailed, DeadlineExceeded, RateLimited, RequestRejected
from trouplet.messages import Msg
from trouplet_gemini import GeminiTokenCounter
from trouplet_http import RetryPolicy

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerDay"}]}
NO_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}


def refusal(code, status, *details, message="No."):
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


@pytest.mark.parametrize("stream", [True, False])
async def test_a_key_that_does_not_exist_is_a_matter_of_the_key(peer, model, ask, stream):
    answer = refusal(400, "INVALID_ARGUMENT", NO_KEY, message="API key not valid.")
    peer.answers(answer, status=400)
    with pytest.raises(AuthenticationFailed, match=r"API key not valid.*trouplet keys set gemini") as caught:
        await ask(model(stream=stream, api_key="k"))
    assert (caught.value.status, caught.value.retryable, len(peer.requests)) == (400, False, 1)


@pytest.mark.parametrize("stream", [True, False])
async def test_the_wait_in_the_body_is_told(peer, model, ask, stream):
    peer.answers(refusal(429, "RESOURCE_EXHAUSTED", QUOTA, RETRY), status=429)
    with pytest.raises(RateLimited) as caught:
        await ask(model(stream=stream))
    assert caught.value.retry_after == 37


@pytest.mark.parametrize("delay", ["", "s", "-1s", "infs", "nans", 37, None, "37m"])
async def test_a_wait_that_makes_no_sense_is_none(peer, model, ask, delay):
    peer.answers(refusal(429, "RESOURCE_EXHAUSTED", {**RETRY, "retryDelay": delay}), status=429)
    with pytest.raises(RateLimited) as caught:
        await ask(model())
    assert caught.value.retry_after is None


@pytest.mark.parametrize("details", [7, ["x"], {}, None])
async def test_details_in_another_form_do_no_harm(peer, model, ask, details):
    peer.answers({"error": {"code": 400, "message": "Bad request.", "details": details}}, status=400)
    with pytest.raises(RequestRejected, match="Bad request"):
        await ask(model())


async def test_a_counter_refines_its_errors_too(peer):
    peer.answers(refusal(400, "INVALID_ARGUMENT", NO_KEY), status=400)
    counter = GeminiTokenCounter("m", base_url=peer.url, retry=RetryPolicy(max_retries=0))
    with pytest.raises(AuthenticationFailed):
        await counter.count([Msg("Ann", "Hi")])
    await counter.aclose()


async def test_a_call_keeps_its_deadline(peer, model, ask):
    peer.answers(refusal(503, "UNAVAILABLE"), status=503)
    with pytest.raises(DeadlineExceeded):
        await ask(model(retry=RetryPolicy(max_retries=1_000, first_wait=0.01)), deadline=0.2)
