"""Where prices come from, and what looking them up costs."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as LibraryUsage
from genai_prices import calc_price

from trouplet.model_io import ModelInfo, Usage
from trouplet_usage import Price, PriceList, price_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_price_is_that_of_the_library():
    assert price_of("openai", "gpt-5-mini") == Price(Decimal("0.25"), Decimal(2), Decimal("0.025"))


def test_a_price_that_rises_with_the_prompt_is_marked():
    price = price_of("anthropic", "claude-sonnet-4-5")
    assert (price.input, price.varies) == (Decimal(3), True)


def test_a_provider_that_the_library_calls_otherwise_is_found():
    assert price_of("gemini", "gemini-2.5-pro").input == Decimal("1.25")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "my-finetune"),
        ("acme", "rocket"),
        ("openai", "whisper-1"),  # sold by the hour, not by the token
        ("openai-compatible", "gpt-5"),  # the price is the service's own, whatever its models are called
    ],
)
def test_what_nobody_knows_is_none(provider, model):
    assert price_of(provider, model) is None
    assert PriceList().cost(ModelInfo(provider, model), Usage(1000, 1000), when=NOW) is None


def test_an_embedding_model_has_a_price_of_input_only():
    price = price_of("openai", "text-embedding-3-small")
    assert (price.input, price.output) == (Decimal("0.02"), None)


def test_free_is_what_a_package_says_is_free():
    assert price_of("local", "anything").is_free
    assert price_of("test", "echo").is_free


def test_what_the_host_says_comes_first():
    own = {"openai:gpt-5-mini": Price(Decimal(7), Decimal(8)), "local:m": Price(Decimal(1))}
    prices = PriceList(own)
    assert prices.price(ModelInfo("openai", "gpt-5-mini")).input == 7
    assert prices.price(ModelInfo("local", "m")).input == 1


@pytest.mark.parametrize(
    "usage",
    [
        Usage(1_000_000, 0),
        Usage(1000, 500, cached_tokens=400),
        Usage(1000, 500, reasoning_tokens=300),
        Usage(300_000, 10, cached_tokens=290_000),
    ],
)
@pytest.mark.parametrize("model", ["openai:gpt-5.5", "anthropic:claude-sonnet-4-5", "deepseek:deepseek-chat"])
def test_a_cost_is_what_the_library_calculates(model, usage):
    provider, _, name = model.partition(":")
    counted = LibraryUsage(
        input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_tokens, output_tokens=usage.output_tokens
    )
    theirs = calc_price(counted, name, provider_id=provider, genai_request_timestamp=NOW).total_price
    assert PriceList().cost(ModelInfo(provider, name), usage, when=NOW) == theirs > 0


def test_the_cost_of_an_hour_is_that_of_the_hour_in_which_the_call_began():
    model, usage = ModelInfo("deepseek", "deepseek-chat"), Usage(1_000_000, 1_000_000)
    hours = [datetime(2025, 6, 1, hour, tzinfo=UTC) for hour in range(24)]
    costs = {PriceList().cost(model, usage, when=hour) for hour in hours}
    assert len(costs) == 2
    assert price_of("deepseek", "deepseek-chat").varies


def test_usage_that_contradicts_itself_is_priced_all_the_same():
    usage = Usage(100, 10, cached_tokens=500, reasoning_tokens=50)
    assert PriceList().cost(ModelInfo("openai", "gpt-5-mini"), usage, when=NOW) == Decimal("0.0000225")


def test_the_cost_by_a_price_of_the_host_counts_cached_tokens_once():
    price = Price(Decimal(10), Decimal(20), Decimal(1))
    assert price.cost(Usage(1_000_000, 500_000, cached_tokens=400_000)) == Decimal("16.4")
    assert Price(Decimal(10), Decimal(20)).cost(Usage(1_000_000, 0, cached_tokens=400_000)) == 10
    assert Price(Decimal(10)).cost(Usage(0, 1)) is None


PROBE = """
import asyncio, json, sys, threading
from trouplet import Kernel
from trouplet.model_io import ModelInfo, Usage
from trouplet.testing import ScriptedModel

imported = {}

def watch(event, arguments):
    if event == "import":
        imported.setdefault(arguments[0], threading.current_thread() is threading.main_thread())

sys.addaudithook(watch)

async def main():
    async with Kernel(plugins=["usage"], config={"usage": {"run": {"calls": 5}}}) as kernel:
        model = ScriptedModel(["hi"], usage=Usage(10, 10))
        model.info = ModelInfo(*sys.argv[1].split(":"))
        await kernel.agent("A", model=model)("hi")

asyncio.run(main())
print(json.dumps(imported))
"""


def imported_by_a_run(model, home):
    """What a run on a model imports, and whether it was in the event loop's thread."""
    command = [sys.executable, "-c", PROBE, model]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": str(home)})
    return json.loads(done.stdout)


def test_a_run_on_a_model_that_is_free_loads_no_price_library(tmp_path):
    imported = imported_by_a_run("test:echo", tmp_path)
    assert not {"genai_prices", "httpx2", "pydantic"} & set(imported)


def test_the_price_library_is_loaded_beside_the_event_loop(tmp_path):
    imported = imported_by_a_run("openai:gpt-5-mini", tmp_path)
    assert imported["genai_prices"] is False
    assert imported["genai_prices.data"] is False
