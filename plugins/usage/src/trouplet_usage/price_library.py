"""The prices of ``genai-prices``: a snapshot that its wheel carries. Nothing is fetched.

It costs 0.8 s and 95 MB, for 2,400 models of 48 providers, pydantic, and the HTTP client that the library would update
itself with. So whoever uses this module imports it late, and calls ``load`` where that holds nobody up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from genai_prices import Usage as LibraryUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices, TimeOfDateConstraint

from trouplet_usage.prices import Price

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from genai_prices.types import ModelInfo, PriceCalculation

    from trouplet.model_io import Usage

_THEIR_NAMES = {"gemini": "google", "moonshot": "moonshotai", "xai": "x-ai"}
"""The library's names of providers that Trouplet calls otherwise."""


def load() -> None:
    """Read the snapshot, as the first look-up would."""
    get_snapshot()


def library_price(provider: str, model: str, when: datetime) -> Price | None:
    """Return the price of a model at a time, or None when the library does not know it."""
    found = _calculate(provider, model, LibraryUsage(), when)
    if found is None:
        return None
    prices = found.model_price
    given = (prices.input_mtok, prices.output_mtok, prices.cache_read_mtok)
    varies = any(isinstance(price, TieredPrices) for price in given) or _has_hours(found.model)
    entry, output, cached = (price.base if isinstance(price, TieredPrices) else price for price in given)
    return None if entry is None else Price(entry, output, cached, varies)


def library_cost(provider: str, model: str, usage: Usage, when: datetime) -> Decimal | None:
    """Return what one call costs, or None when the library does not know; its tiers go by the input of one call."""
    counted = LibraryUsage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        cache_write_tokens=min(usage.cache_write_tokens, max(0, usage.input_tokens - usage.cached_tokens)),
        output_tokens=usage.output_tokens,
        output_reasoning_tokens=min(usage.reasoning_tokens, usage.output_tokens),
    )
    found = _calculate(provider, model, counted, when)
    if found is None or found.model_price.input_mtok is None:
        return None
    if usage.output_tokens and found.model_price.output_mtok is None:
        return None
    return found.total_price


def _calculate(provider: str, model: str, usage: LibraryUsage, when: datetime) -> PriceCalculation | None:
    wanted = _THEIR_NAMES.get(provider, provider)
    try:
        found = calc_price(usage, model, provider_id=wanted, genai_request_timestamp=when)
    except (LookupError, ValueError):  # a model without any price is an IndexError
        return None
    # The library takes "openai-compatible" for OpenAI, whose prices are not those of a service that imitates it.
    return found if found.provider.id == wanted else None


def _has_hours(model: ModelInfo) -> bool:
    conditions = model.prices if isinstance(model.prices, list) else ()
    return any(isinstance(condition.constraint, TimeOfDateConstraint) for condition in conditions)
