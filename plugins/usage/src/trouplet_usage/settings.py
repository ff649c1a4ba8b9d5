"""The settings of the plugin: limits, prices of the host's own, and what to do about unknown ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_usage.limits import Limits, dollars
from trouplet_usage.prices import Price

if TYPE_CHECKING:
    from collections.abc import Collection

_SETTINGS = ("run", "kernel", "prices", "unknown_price")
_PRICES = ("input", "output", "cached", "cache_write")


@dataclass(slots=True, frozen=True)
class UsageSettings:
    """What a host says about usage; ``allow_unknown_price`` lets models be used whose cost no limit can hold."""

    run: Limits
    kernel: Limits
    prices: Mapping[str, Price]
    allow_unknown_price: bool = False

    @classmethod
    def read(cls, config: Mapping[str, object]) -> UsageSettings:
        """Return the settings of ``config={"usage": …}``; raises ``BadSetting``."""
        _check_names("usage", config, _SETTINGS)
        unknown = config.get("unknown_price", "refuse")
        if unknown not in ("refuse", "allow"):
            raise BadSetting(f"usage: unknown_price is {unknown!r}", fix='Give "refuse" or "allow"')
        return cls(
            Limits.read("usage: run", config.get("run")),
            Limits.read("usage: kernel", config.get("kernel")),
            own_prices(config),
            unknown == "allow",
        )

    @property
    def limits_money(self) -> bool:
        """Whether there is a limit on money."""
        return self.run.money is not None or self.kernel.money is not None


def own_prices(config: Mapping[str, object]) -> dict[str, Price]:
    """Return the prices that a host gives in the plugin's settings, by ``provider:model``; raises ``BadSetting``."""
    found = config.get("prices", {})
    if not isinstance(found, Mapping):
        raise BadSetting("usage: prices is not a table", fix='Give {"provider:model": {"input": 1.0, "output": 3.0}}')
    return {model: _price(f"usage: prices[{model!r}]", price) for model, price in found.items()}


def _price(where: str, found: object) -> Price:
    if not isinstance(found, Mapping) or "input" not in found:
        raise BadSetting(f"{where} has no price of input", fix='Give {"input": 1.0, "output": 3.0}, per million tokens')
    _check_names(where, found, _PRICES)
    amounts = {name: dollars(f"{where}[{name!r}]", value) for name, value in found.items()}
    return Price(amounts["input"], amounts.get("output"), amounts.get("cached"), cache_write=amounts.get("cache_write"))


def _check_names(where: str, found: Collection[str], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise BadSetting(f"{where} has no setting {name!r}", why=hint, fix=f"There are: {', '.join(known)}")
