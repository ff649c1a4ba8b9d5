"""The policy that the plugin sets, and how many requests a failing provider sees in all."""

import asyncio

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, ModelError
from trouplet.model_io import ModelRequest
from trouplet.testing.fault_server import READ, RESET, response
from trouplet_http import RetryPolicy
from trouplet_resilience import AllModelsFailed
from trouplet_resilience.retry import retry_policy, with_policy

QUICK = {"first_wait": 0.001, "longest_wait": 0.002}


def kernel_at(service, *plugins, **config):
    environ = {"OPENAI_BASE_URL": f"{service.server.url}/v1"}
    return Kernel(plugins=plugins, config=config, environ=environ)


@pytest.mark.parametrize("retries", [0, 1, 4])
async def test_a_failing_provider_sees_one_request_more_than_there_are_retries(service, retries):
    failing = await service(m=503)
    async with kernel_at(failing, "retry", retry={"max_retries": retries, **QUICK}) as kernel:
        with pytest.raises(ModelError):
            await kernel.agent("A", model="openai-compatible:m")("Hello")
    assert len(failing.asked) == 1 + retries


@pytest.mark.parametrize("order", [("retry", "fallback"), ("fallback", "retry")])
async def test_a_fallback_does_not_multiply_the_retries(service, order):
    failing = await service(one=503, two=500, three=429)
    models = ["openai-compatible:two", "openai-compatible:three"]
    config = {"retry": {"max_retries": 2, **QUICK}, "fallback": {"models": models}}
    async with kernel_at(failing, *order, "rate-limits", **config) as kernel:
        with pytest.raises(AllModelsFailed):
            await kernel.agent("A", model="openai-compatible:one")("Hello")
    assert failing.asked == ["one"] * 3 + ["two"] * 3 + ["three"] * 3


async def test_a_provider_that_asks_for_a_day_is_left_at_once_for_the_next_model(service):
    limited = response(b"{}", status=429, headers={"retry-after": "86400"})
    serving = await service(one=(limited, READ), two="ok")
    config = {"fallback": {"models": ["openai-compatible:two"]}}
    async with kernel_at(serving, "retry", "fallback", **config) as kernel:
        async with asyncio.timeout(20):
            reply = await kernel.agent("A", model="openai-compatible:one")("Hello", deadline=60)
    assert reply.text == "I am two."
    assert serving.asked == ["one", "two"]
    assert "asks to wait 86400 s" in reply.notes[0]


async def test_a_connection_that_breaks_off_within_the_answer_is_not_sent_again(service, good):
    whole = good("I am one, I think.")
    broken = whole[: whole.index(b"I think") + 10]
    serving = await service(one=(broken, RESET), two="ok")
    config = {"fallback": {"models": ["openai-compatible:two"], "buffer": True}, "retry": {"max_retries": 3}}
    async with kernel_at(serving, "retry", "fallback", **config) as kernel:
        reply = await kernel.agent("A", model="openai-compatible:one")("Hello")
    assert reply.text == "I am two."
    assert serving.asked == ["one", "two"]


async def test_a_request_that_is_refused_is_sent_once(service):
    failing = await service(m=400)
    async with kernel_at(failing, "retry", retry={"max_retries": 5}) as kernel:
        with pytest.raises(ModelError):
            await kernel.agent("A", model="openai-compatible:m")("Hello")
    assert failing.asked == ["m"]


def test_a_request_with_a_policy_of_its_own_keeps_it():
    seen = []
    call = with_policy(lambda request: seen.append(request.retry), RetryPolicy(7))
    call(ModelRequest([]))
    call(ModelRequest([], retry=RetryPolicy(1)))
    assert seen == [RetryPolicy(7), RetryPolicy(1)]


def test_all_fields_of_the_policy_are_settings():
    given = {"max_retries": 5, "first_wait": 1, "longest_wait": 2.5, "longest_retry_after": 0}
    assert retry_policy(given) == RetryPolicy(5, 1, 2.5, 0)
    assert retry_policy({}) == RetryPolicy()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_retry": 3}, "no setting 'max_retry'. Did you mean 'max_retries'"),
        ({"max_retries": -1}, "'max_retries' of 'retry' is -1. Give a whole number"),
        ({"max_retries": True}, "is True"),
        ({"max_retries": 2.5}, "is 2.5"),
        ({"first_wait": "1"}, "Give a number of seconds"),
        ({"longest_wait": float("nan")}, "nan"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_kernel_is_made(settings, said):
    with pytest.raises(BadSetting, match=said):
        Kernel(plugins=["retry"], config={"retry": settings}, environ={})
