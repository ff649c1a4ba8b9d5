"""What agents use and cost, per run and per kernel, and limits on both."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_usage.plugin import UsagePlugin as UsagePlugin
    from trouplet_usage.price_list import PriceList as PriceList
    from trouplet_usage.price_list import price_of as price_of
    from trouplet_usage.prices import Price as Price
    from trouplet_usage.report import ModelUsage as ModelUsage
    from trouplet_usage.report import UsageReport as UsageReport
    from trouplet_usage.report import usage_report as usage_report

_HOMES = {
    "ModelUsage": "report",
    "Price": "prices",
    "PriceList": "price_list",
    "UsagePlugin": "plugin",
    "UsageReport": "report",
    "price_of": "price_list",
    "usage_report": "report",
}

__all__ = [
    "ModelUsage", "Price", "PriceList", "UsagePlugin", "UsageReport", "price_of", "usage_report",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
