"""Where the price of a model is looked up: what the host says, what is free, what the price library knows.

An unknown price is None, and never zero.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trouplet.model_io import ModelInfo
from trouplet_usage.prices import FREE, Price

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from trouplet.model_io import Usage


class PriceList:
    """The prices that one kernel goes by: ``own`` are the host's, by ``provider:model``."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = own or {}
        self._free: dict[str, Price | None] = {}
        self._priced: set[str] = set()
        self._library_loaded = False

    @classmethod
    def configured(cls, config: Mapping[str, object]) -> PriceList:
        """Return the list by the plugin's settings in a configuration; raises ``BadSetting``."""
        from trouplet_usage.settings import own_prices

        return cls(own_prices(config))

    def price(self, model: ModelInfo, *, when: datetime | None = None) -> Price | None:
        """Return a model's price, today's if no time is given; None when nobody knows it."""
        known = self._known_here(model)
        if known is not None:
            return known
        from trouplet_usage.price_library import library_price

        return library_price(model.provider, model.name, when or datetime.now(UTC))

    def is_known(self, model: ModelInfo, *, when: datetime) -> bool:
        """Whether a model has a price; quick for one that had one before."""
        if model.id not in self._priced and self.price(model, when=when) is not None:
            self._priced.add(model.id)
        return model.id in self._priced

    def cost(self, model: ModelInfo, usage: Usage, *, when: datetime) -> Decimal | None:
        """Return the dollars that one call cost; None when nobody knows."""
        known = self._known_here(model)
        if known is not None:
            return known.cost(usage)
        from trouplet_usage.price_library import library_cost

        return library_cost(model.provider, model.name, usage, when)

    async def prepare(self, model: ModelInfo | None) -> None:
        """Make sure that looking up a model, or any for None, does not hold up the event loop."""
        if self._library_loaded or (model is not None and self._known_here(model) is not None):
            return
        from asyncio import to_thread

        await to_thread(_load_library)
        self._library_loaded = True

    def _known_here(self, model: ModelInfo) -> Price | None:
        if model.id in self._own:
            return self._own[model.id]
        if model.id not in self._free:
            self._free[model.id] = FREE if _is_free(model) else None
        return self._free[model.id]


def price_of(provider: str, model: str) -> Price | None:
    """Return what a model costs today; None when it is not known."""
    return PriceList().price(ModelInfo(provider, model))


def _load_library() -> None:
    from trouplet_usage.price_library import load

    load()


def _is_free(model: ModelInfo) -> bool:
    """Whether the provider's package says that the model costs nothing, as the kernel's own test models do."""
    from trouplet.catalogue import Catalogue
    from trouplet.discovery import scan
    from trouplet.errors import ConfigError
    from trouplet.selection import RESERVED

    if model.provider in RESERVED:
        return True
    claims = scan().find("models", model.provider)
    try:
        return bool(claims) and all(Catalogue.of_plugin(entry).is_free(model.provider, model.name) for entry in claims)
    except ConfigError:  # a broken catalogue says nothing
        return False
