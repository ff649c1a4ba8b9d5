"""Limits: what they stop, before what, for whom, and what the errors say."""

import asyncio
from decimal import Decimal

import pytest

from trouplet.errors import BadSetting, BudgetExceeded
from trouplet.model_io import Usage
from trouplet.testing import call
from trouplet.testing.history import validate_history
from trouplet_usage import usage_report

PRICES = {"acme:rocket": {"input": 100, "output": 500}}
"""So a call of the tests, of 1000 tokens in and 200 out, costs $0.20."""


@pytest.mark.parametrize(
    ("quantity", "limit", "spent"),
    [
        ("calls", 2, 2),
        ("input_tokens", 1001, 2000),
        ("output_tokens", 400, 400),
        ("cached_tokens", 150, 200),
        ("reasoning_tokens", 100, 100),
        ("money", 0.39, Decimal("0.40")),
    ],
)
@pytest.mark.parametrize("budget", ["run", "kernel"])
async def test_the_call_after_the_limit_is_not_started(measured, agent, budget, quantity, limit, spent):
    kernel = await measured(**{budget: {quantity: limit}}, prices=PRICES)
    friday = agent(kernel, *[call("ping")] * 5)
    with pytest.raises(BudgetExceeded, match=f"TP-406 the limit of the {budget} is reached") as caught:
        await friday("go")
    error = caught.value
    assert (error.budget, error.quantity) == (budget, quantity)
    assert (error.limit, error.spent) == (Decimal(str(limit)), spent)
    assert f'"{budget}": {{"{quantity}": …}}' in error.fix
    assert len(friday.model.requests) == 2


async def test_the_history_of_a_run_that_was_stopped_can_be_gone_on_with(measured, agent):
    kernel = await measured(run={"calls": 1})
    friday = agent(kernel, call("ping"), "hello again")
    with pytest.raises(BudgetExceeded):
        await friday("go")
    validate_history(await friday.memory.get())
    assert (await friday("and now?")).text == "hello again"


async def test_a_run_within_its_limits_is_not_touched(measured, agent):
    kernel = await measured(run={"calls": 2, "money": 10, "output_tokens": 401}, prices=PRICES)
    reply = await agent(kernel, call("ping"), "done")("go")
    assert (reply.text, reply.status, reply.notes) == ("done", "completed", ())


async def test_the_limit_of_a_run_holds_for_each_run_anew_and_that_of_the_kernel_for_all(measured, agent):
    kernel = await measured(run={"calls": 1}, kernel={"calls": 2})
    friday = agent(kernel, "a", "b", "c")
    await friday("go")
    await friday("go")
    with pytest.raises(BudgetExceeded, match="limit of the kernel is reached: 2 of 2 calls"):
        await friday("go")


async def test_runs_that_are_called_by_a_run_share_its_budget(measured, agent):
    kernel = await measured(run={"calls": 3})
    inner = agent(kernel, call("ping"), call("ping"), "inner")

    async def ask() -> str:
        """Ask the other agent."""
        return (await inner("go")).text

    outer = agent(kernel, call("ask"), "outer", tools=[ask])
    with pytest.raises(BudgetExceeded, match="3 of 3 calls"):
        await outer("go")
    assert (len(outer.model.requests), len(inner.model.requests)) == (1, 2)


async def test_calls_side_by_side_do_not_pass_the_limit_together(measured, agent):
    kernel = await measured(kernel={"calls": 3})
    agents = [agent(kernel, "hi") for _ in range(10)]
    ends = await asyncio.gather(*[one("go") for one in agents], return_exceptions=True)
    assert sum(isinstance(end, BudgetExceeded) for end in ends) == 7
    assert sum(len(one.model.requests) for one in agents) == 3


async def test_nothing_may_be_spent_of_a_limit_of_zero(measured, agent):
    kernel = await measured(run={"calls": 0})
    friday = agent(kernel, "hi")
    with pytest.raises(BudgetExceeded, match="0 of 0 calls"):
        await friday("go")
    assert friday.model.requests == []


# --- money


@pytest.mark.parametrize("budget", ["run", "kernel"])
async def test_a_model_of_unknown_price_is_refused_where_money_is_limited(measured, agent, budget):
    kernel = await measured(**{budget: {"money": 1}})
    friday = agent(kernel, "hi")
    with pytest.raises(BadSetting, match="price of acme:rocket is not known") as caught:
        await friday("go")
    assert '"prices": {"acme:rocket": {"input": …, "output": …}}' in caught.value.fix
    assert friday.model.requests == []


async def test_a_model_of_unknown_price_may_be_allowed(measured, agent):
    kernel = await measured(run={"money": 1}, unknown_price="allow")
    assert (await agent(kernel, "hi")("go")).text == "hi"
    assert usage_report(kernel).cost is None


async def test_a_model_of_unknown_price_may_be_used_where_only_tokens_are_limited(measured, agent):
    kernel = await measured(run={"output_tokens": 1000})
    assert (await agent(kernel, "hi")("go")).text == "hi"


async def test_a_model_that_is_free_never_reaches_a_limit_on_money(measured, agent):
    kernel = await measured(run={"money": 0.01})
    friday = agent(kernel, call("ping"), "done", id="local:some.gguf", usage=Usage(10**9, 10**9))
    assert (await friday("go")).text == "done"
    assert usage_report(kernel).cost == 0


async def test_the_prices_of_the_library_hold_a_limit(measured, agent):
    kernel = await measured(run={"money": 0.004})
    million = Usage(10_000, 1_000)  # $0.0045 by the list
    friday = agent(kernel, call("ping"), "never asked", id="openai:gpt-5-mini", usage=million)
    with pytest.raises(BudgetExceeded, match=r"\$0\.0045 of \$0\.004"):
        await friday("go")


# --- settings


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"run": {"mony": 1}}, "usage: run has no limit 'mony'. Did you mean 'money'?"),
        ({"run": 5}, "usage: run is a int"),
        ({"run": {"calls": "many"}}, "usage: run['calls'] is 'many', not a whole number"),
        ({"run": {"calls": -1}}, "usage: run['calls'] is -1"),
        ({"run": {"money": "1"}}, "usage: run['money'] is '1', not an amount of dollars"),
        ({"kernel": {"money": float("nan")}}, "usage: kernel['money'] is nan"),
        ({"limits": {}}, "usage has no setting 'limits'"),
        ({"unknown_price": "free"}, "usage: unknown_price is 'free'"),
        ({"prices": {"a:b": {"output": 1}}}, "usage: prices['a:b'] has no price of input"),
        ({"prices": {"a:b": {"input": 1, "outptu": 1}}}, "Did you mean 'output'?"),
        ({"prices": {"a:b": {"input": -1}}}, "usage: prices['a:b']['input'] is -1"),
    ],
)
async def test_a_wrong_setting_is_an_error_when_the_kernel_is_made(measured, settings, text):
    with pytest.raises(BadSetting) as caught:
        await measured(**settings)
    assert text in str(caught.value)
