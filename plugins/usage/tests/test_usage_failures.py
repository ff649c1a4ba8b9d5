"""Calls that do not say what they used: they are counted as unknown, and estimated where something was sent."""

import asyncio
from decimal import Decimal

import pytest

from trouplet.errors import BudgetExceeded, RateLimited, StreamInterrupted
from trouplet.model_io import Finish, TextChunk, Usage
from trouplet.testing import Step, call
from trouplet_usage import usage_report

QUESTION = "word " * 800
"""4000 bytes: about a thousand tokens."""
PRICES = {"acme:rocket": {"input": 1, "output": 1}}


async def test_a_call_that_was_refused_counts_and_costs_nothing(measured, agent):
    kernel = await measured()
    with pytest.raises(RateLimited):
        await agent(kernel, RateLimited("slow down"))(QUESTION)
    [line] = usage_report(kernel).models
    assert line.usage == Usage.not_reported()
    assert line.estimate == Usage.none()


async def test_a_call_that_broke_off_is_estimated_by_what_was_sent_and_what_had_come(measured, agent):
    kernel = await measured(prices=PRICES)
    with pytest.raises(StreamInterrupted):
        await agent(kernel, Step("x" * 400, complete=False))(QUESTION)
    [line] = usage_report(kernel).models
    assert line.usage == Usage.not_reported()
    assert line.estimate == Usage(1000, 100, calls=0)
    assert line.cost == 0
    assert line.estimated_cost == Decimal("0.0011")
    assert "1 calls did not say: about 1000→100 tokens, $0.0011" in str(usage_report(kernel))


async def test_an_estimate_counts_for_the_limits(measured, agent):
    kernel = await measured(kernel={"input_tokens": 900})
    friday = agent(kernel, Step("x", complete=False), "never asked")
    with pytest.raises(StreamInterrupted):
        await friday(QUESTION)
    with pytest.raises(BudgetExceeded, match="1000 of 900 input tokens"):
        await friday("go")


async def test_an_answer_that_does_not_tell_its_usage_is_estimated_with_a_note(measured, agent):
    kernel = await measured()
    reply = await agent(kernel, [TextChunk("y" * 40), Finish()])(QUESTION)
    [line] = usage_report(kernel).models
    assert line.usage == Usage.not_reported()
    assert line.estimate == Usage(1000, 10, calls=0)
    [note] = reply.notes
    assert "acme:rocket did not say what it used; about 1010 tokens" in note


async def test_a_call_that_was_interrupted_is_estimated(measured, agent):
    kernel = await measured()
    begun = asyncio.Event()

    async def endless(request):
        yield TextChunk("Once upon a time")
        begun.set()
        await asyncio.Event().wait()

    friday = agent(kernel, endless)
    run = asyncio.ensure_future(friday(QUESTION))
    await begun.wait()
    await friday.interrupt()
    assert (await run).interrupted
    [line] = usage_report(kernel).models
    assert (line.usage.unknown, line.estimate.input_tokens) == (1, 1000)


async def test_a_call_whose_caller_gave_up_is_estimated(measured, agent):
    kernel = await measured()
    begun = asyncio.Event()

    async def endless(request):
        begun.set()
        await asyncio.Event().wait()
        yield Finish()

    run = asyncio.ensure_future(agent(kernel, endless)(QUESTION))
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert usage_report(kernel).total.estimate.input_tokens == 1000


async def test_tool_calls_and_their_results_are_part_of_an_estimate(measured, agent):
    kernel = await measured()
    friday = agent(kernel, call("ping", text="z" * 400), Step("x", complete=False))
    with pytest.raises(StreamInterrupted):
        await friday("go")
    assert usage_report(kernel).total.estimate.input_tokens > 100


# --- a fallback to other models


async def test_each_attempt_of_a_fallback_counts_as_a_call_of_the_model_that_it_went_to(measured, agent):
    pytest.importorskip("trouplet_resilience")
    kernel = await measured(plugins=["fallback", "usage"])
    assert (await agent(kernel, RateLimited("slow down"))("go")).text == "You said: go"
    lines = {line.model: line.usage for line in usage_report(kernel).models}
    assert lines["acme:rocket"] == Usage.not_reported()
    assert lines["test:echo"].calls == 1
