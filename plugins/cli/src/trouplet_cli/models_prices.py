"""What models cost, as the plugin ``usage`` tells it, if it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from trouplet.model_io import ModelInfo
    from trouplet_cli.models_installed import InstalledModels
    from trouplet_usage import Price, PriceList

UNKNOWN = "—"
GET_PRICES = "pip install trouplet-usage"
"""How to see prices, where the plugin is not installed."""


def price_list(installed: InstalledModels) -> PriceList | None:
    """Return the list of prices; None when its plugin is not installed or may not be used."""
    entries = installed.index.find("hooks", "usage")
    if not any(entry.distribution == "trouplet-usage" and not installed.rules.refusal(entry) for entry in entries):
        return None
    from trouplet_usage import PriceList

    return PriceList.configured(installed.settings.of_plugin("usage"))


def price_cells(price: Price | None) -> list[str]:
    """Return the price of input, of cached input and of output as a table shows them, per million tokens."""
    if price is None:
        return [UNKNOWN] * 3
    if price.is_free:
        return ["free"] * 3
    more = "+" if price.varies else ""
    cached = price.input if price.cached is None and price.output is not None else price.cached
    return [f"{dollars(amount)}{more}" if amount is not None else "" for amount in (price.input, cached, price.output)]


def price_lines(prices: PriceList | None, info: ModelInfo) -> list[tuple[str, str]]:
    """Return a model's prices, each with what it is for."""
    if prices is None:
        return [("price", f"to see it: {GET_PRICES}")]
    price = prices.price(info)
    if price is None:
        return [("price", f"{UNKNOWN} (unknown)")]
    if price.is_free:
        return [("price", "free")]
    lines = [("input", price.input), ("cached input", price.cached), ("output", price.output)]
    shown = [(label, f"${dollars(amount)} per million tokens") for label, amount in lines if amount is not None]
    if price.varies:
        shown.append(("", "more for long prompts, or at certain hours"))
    return shown


def price_data(price: Price | None) -> dict[str, float | bool | None] | None:
    """Return a price as JSON-able data; None when it is not known."""
    if price is None:
        return None
    return {
        "input": float(price.input),
        "cached_input": None if price.cached is None else float(price.cached),
        "output": None if price.output is None else float(price.output),
        "varies": price.varies,
    }


def dollars(amount: Decimal) -> str:
    """Return an amount with two places behind the point, or with as many more as it has."""
    text = f"{amount.normalize():f}"
    return text if len(text.partition(".")[2]) > 2 else f"{amount:.2f}"
