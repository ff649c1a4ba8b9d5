"""What DashScope says when it fails."""

import pytest

from trouplet.errors import AuthenticationFailed, InvalidResponse, ProviderUnavailable, RateLimited, RequestRejected
from trouplet_dashscope.provider_errors import error_in_answer


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("Throttling.RateQuota", "Slow down.", RateLimited),
        ("InvalidApiKey", "Who are you?", AuthenticationFailed),
        ("Arrearage", "Overdue.", RequestRejected),
        ("DataInspectionFailed", "Not this.", RequestRejected),
        ("InternalError.Algo.InvalidParameter", "Not so.", RequestRejected),
        ("InvalidParameter", "<429> InternalError: Too many.", RateLimited),
        ("InternalError", "Oh.", ProviderUnavailable),
        ("ModelServingError", "Later.", ProviderUnavailable),
        ("Made.Up", "What?", InvalidResponse),
    ],
)
def test_an_error_within_an_answer_has_the_type_of_its_code(code, message, kind):
    error = error_in_answer({"code": code, "message": message}, provider="dashscope", partial="So far")
    assert type(error) is kind
    assert message in str(error)
    assert error.partial == "So far"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_limit_of_the_rate_may_be_tried_again_and_debts_may_not(dashscope, refused, model, ask, stream):
    dashscope.refuse_with = refused(429, "Throttling.RateQuota", "Requests rate limit exceeded.")
    with pytest.raises(RateLimited, match="rate limit exceeded") as caught:
        await ask(model(stream=stream))
    assert caught.value.retryable
    dashscope.refuse_with = refused(400, "Arrearage", "Access denied, your account is overdue.")
    with pytest.raises(RequestRejected, match=r"overdue.*Arrearage") as caught:
        await ask(model(stream=stream))
    assert not caught.value.retryable
