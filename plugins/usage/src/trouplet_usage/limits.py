"""How much a run or a kernel may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from decimal import Decimal

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean


@dataclass(slots=True, frozen=True)
class Limits:
    """The limits of one budget; None: there is none. ``money`` is in dollars.

    ``cached_tokens`` are part of ``input_tokens``, ``reasoning_tokens`` of ``output_tokens``.
    """

    money: Decimal | None = None
    calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None

    @classmethod
    def read(cls, where: str, found: object) -> Limits:
        """Return the limits that stand in a configuration; raises ``BadSetting``."""
        if found is None:
            return cls()
        if not isinstance(found, Mapping):
            raise BadSetting(f"{where} is a {type(found).__name__}", fix=f"Give limits: {', '.join(QUANTITIES)}")
        for name in found:
            if name not in QUANTITIES:
                raise BadSetting(
                    f"{where} has no limit {name!r}",
                    why=did_you_mean(str(name), QUANTITIES),
                    fix=f"There are: {', '.join(QUANTITIES)}",
                )
        money, *counts = [(f"{where}[{name!r}]", found.get(name)) for name in QUANTITIES]
        return cls(None if money[1] is None else dollars(*money), *[_count(*count) for count in counts])

    def given(self) -> list[tuple[str, int | Decimal]]:
        """Return the limits that there are, by quantity."""
        return [(name, limit) for name, limit in zip(QUANTITIES, astuple(self), strict=True) if limit is not None]


QUANTITIES = tuple(field.name for field in fields(Limits))


def dollars(where: str, value: object) -> Decimal:
    """Return an amount of a configuration, as exact as it is written; raises ``BadSetting``."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        amount = Decimal(str(value))
        if amount.is_finite() and amount >= 0:
            return amount
    raise BadSetting(f"{where} is {value!r}, not an amount of dollars", fix="Give a number such as 0.25")


def _count(where: str, value: object) -> int | None:
    if value is None or (type(value) is int and value >= 0):
        return value
    raise BadSetting(f"{where} is {value!r}, not a whole number", fix="Give a number such as 20000")
