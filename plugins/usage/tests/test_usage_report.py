"""What a report says: tokens and cost by model, of the kernel and of a run with those that it calls."""

import asyncio
import json
from decimal import Decimal

import pytest
from genai_prices import Usage as LibraryUsage
from genai_prices import calc_price

from trouplet import Kernel, tool
from trouplet.errors import BadInput, BudgetExceeded, ConfigError
from trouplet.model_io import Usage
from trouplet.testing import call
from trouplet.tool_io import Allow
from trouplet_usage import usage_report


def library(model: str, usage: Usage) -> Decimal:
    provider, _, name = model.partition(":")
    counted = LibraryUsage(
        input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_tokens, output_tokens=usage.output_tokens
    )
    return calc_price(counted, name, provider_id=provider).total_price


async def test_each_call_is_counted_with_the_cost_that_the_library_calculates(measured, agent, each):
    kernel = await measured()
    reply = await agent(kernel, call("ping"), "done", id="openai:gpt-5-mini")("go")
    [line] = usage_report(kernel).models
    assert (line.model, line.usage) == ("openai:gpt-5-mini", reply.usage)
    assert line.usage == each + each
    assert line.cost == 2 * library("openai:gpt-5-mini", each) == Decimal("0.001255")


async def test_a_tier_goes_by_one_call_and_not_by_the_sum(measured, agent):
    kernel = await measured()
    used = Usage(150_000, 1000)
    await agent(kernel, call("ping"), "done", id="anthropic:claude-sonnet-4-5", usage=used)("go")
    cost = usage_report(kernel).cost
    assert cost == 2 * library("anthropic:claude-sonnet-4-5", used)
    assert cost < library("anthropic:claude-sonnet-4-5", used + used)


async def test_models_are_told_apart_and_summed_up(measured, agent, each):
    kernel = await measured()
    await agent(kernel, "hi", id="openai:gpt-5-mini")("go")
    await agent(kernel, "hi", id="anthropic:claude-opus-5")("go")
    report = usage_report(kernel)
    assert [line.model for line in report.models] == ["anthropic:claude-opus-5", "openai:gpt-5-mini"]
    assert report.usage == each + each
    assert report.cost == library("openai:gpt-5-mini", each) + library("anthropic:claude-opus-5", each)


async def test_an_unknown_price_makes_the_cost_unknown_and_not_zero(measured, agent, each):
    kernel = await measured()
    await agent(kernel, "hi")("go")
    await agent(kernel, "hi", id="openai:gpt-5-mini")("go")
    report = usage_report(kernel)
    assert [line.cost for line in report.models] == [None, library("openai:gpt-5-mini", each)]
    assert report.cost is None
    assert "unknown cost" in str(report)


async def test_the_price_of_the_host_counts(measured, agent):
    kernel = await measured(prices={"acme:rocket": {"input": 1.0, "output": 3.0, "cached": 0.1}})
    await agent(kernel, "hi")("go")
    assert usage_report(kernel).cost == Decimal("0.001510")


async def test_a_run_has_a_report_of_its_own(measured, agent, each):
    kernel = await measured()
    friday = agent(kernel, "a", "b")
    one, two = await friday("go"), await friday("go")
    assert usage_report(kernel, run_id=one.run_id).usage == each
    assert usage_report(kernel, run_id=two.run_id).usage == each
    assert usage_report(kernel).usage == each + each


async def test_the_report_of_a_run_has_in_it_what_the_runs_that_it_calls_used(measured, agent, each):
    kernel = await measured()
    inner = agent(kernel, "inner", id="acme:small")
    seen = []

    async def ask() -> str:
        """Ask the other agent."""
        reply = await inner("go")
        seen.append(reply.run_id)
        return reply.text

    reply = await agent(kernel, call("ask"), "done", tools=[ask])("go")
    assert usage_report(kernel, run_id=reply.run_id).usage == each + each + each
    assert usage_report(kernel, run_id=seen[0]).usage == each
    assert usage_report(kernel).usage == each + each + each


async def test_runs_side_by_side_are_told_apart(measured, agent):
    kernel = await measured()
    replies = await asyncio.gather(*[agent(kernel, call("ping"), "done")("go") for _ in range(10)])
    assert {usage_report(kernel, run_id=reply.run_id).usage.calls for reply in replies} == {2}
    assert usage_report(kernel).usage.calls == 20


async def test_only_the_last_runs_are_kept(measured, agent, monkeypatch):
    monkeypatch.setattr("trouplet_usage.books.KEPT_RUNS", 2)
    kernel = await measured()
    friday = agent(kernel, "a", "b", "c")
    first, *others = [await friday("go") for _ in range(3)]
    with pytest.raises(BadInput, match=r"reply\.run_id"):
        usage_report(kernel, run_id=first.run_id)
    assert [usage_report(kernel, run_id=reply.run_id).usage.calls for reply in others] == [1, 1]
    assert usage_report(kernel).usage.calls == 3


@tool(requires_approval=True)
def risky() -> str:
    """Do what needs approval."""
    return "done"


async def park(friday):
    """Run to where a human is asked; return the state and the answers."""
    async with friday.stream("go") as run:
        async for _ in run:
            pass
    return run.state, {id: Allow() for id in run.state.asks}


async def test_a_run_that_goes_on_after_it_was_parked_goes_on_being_counted(measured, agent, each):
    kernel = await measured(run={"calls": 2})
    friday = agent(kernel, call("risky"), call("ping"), "never asked", tools=[risky])
    with pytest.raises(BudgetExceeded):
        await friday.resume(*await park(friday))
    assert usage_report(kernel).usage == each + each


async def test_a_run_that_was_parked_elsewhere_has_used_up_that_part_of_its_budget(measured, agent, each):
    elsewhere, here = await measured(), await measured(run={"calls": 2})
    first = agent(elsewhere, call("risky"), tools=[risky])
    state, answers = await park(first)
    second = agent(here, call("ping"), "never asked", tools=[risky])
    with pytest.raises(BudgetExceeded):
        await second.resume(state, answers, memory=first.memory)
    assert usage_report(here, run_id=state.run_id).usage == each + each
    assert usage_report(here).usage == each


async def test_a_report_is_data_without_loss(measured, agent, each):
    kernel = await measured()
    await agent(kernel, "hi", id="openai:gpt-5-mini")("go")
    [data] = json.loads(json.dumps(usage_report(kernel).as_data()))
    assert data["model"] == "openai:gpt-5-mini"
    assert data["usage"]["input_tokens"] == 1000
    assert Decimal(data["cost"]) == library("openai:gpt-5-mini", each)


async def test_a_kernel_that_does_not_measure_says_how_to(tmp_path):
    async with Kernel(environ={"HOME": str(tmp_path)}) as kernel:
        with pytest.raises(ConfigError, match='plugins=\\["usage"\\]'):
            usage_report(kernel)
