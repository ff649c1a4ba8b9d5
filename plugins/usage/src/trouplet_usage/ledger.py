"""The accounts: what was used and what it cost, by model, for a run with its descendants and for the whole kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from trouplet.errors import BudgetExceeded
from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from trouplet_usage.limits import Limits


@dataclass(slots=True)
class Spending:
    """What calls used and cost.

    ``usage`` and ``cost`` are what providers reported; ``unpriced`` counts the calls whose price is not known.
    ``estimate`` is what calls that reported nothing are taken to have used, ``estimated_cost`` its cost.
    """

    usage: Usage = field(default_factory=Usage.none)
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    estimate: Usage = field(default_factory=Usage.none)
    estimated_cost: Decimal = Decimal(0)

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.usage + other.usage,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
            self.estimate + other.estimate,
            self.estimated_cost + other.estimated_cost,
        )

    def amount(self, quantity: str) -> int | Decimal:
        """Return what counts for the limit of a quantity other than ``calls``: what was reported and estimated."""
        if quantity == "money":
            return self.cost + self.estimated_cost
        spent = self.usage + self.estimate
        return {
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "cached_tokens": spent.cached_tokens,
            "reasoning_tokens": spent.reasoning_tokens,
        }[quantity]


class Ledger:
    """One account. What is charged to it is charged to those above it too: ``parent`` is that of the calling run.

    ``started`` counts the calls that were begun, so that calls side by side cannot pass a limit together.
    """

    def __init__(self, owner: Literal["run", "kernel"], limits: Limits, parent: Ledger | None = None) -> None:
        self.models: dict[str, Spending] = {}
        self.total = Spending()
        self.started = 0
        self._owner: Literal["run", "kernel"] = owner
        self._limits = limits.given()
        self._parent = parent

    def begin_call(self) -> None:
        """Count a call that starts; raises ``BudgetExceeded`` when this account or one above it is used up."""
        for ledger in self._chain():
            ledger._check()
        for ledger in self._chain():
            ledger.started += 1

    def charge(self, model: str, spending: Spending) -> None:
        """Enter what a call of a model used, here and above."""
        for ledger in self._chain():
            ledger.enter(model, spending)

    def enter(self, model: str, spending: Spending) -> None:
        """Enter it here only."""
        self.models[model] = self.models.get(model, Spending()) + spending
        self.total += spending

    def _check(self) -> None:
        for quantity, limit in self._limits:
            spent = self.started if quantity == "calls" else self.total.amount(quantity)
            if spent >= limit:
                fix = f'Raise it: config={{"usage": {{"{self._owner}": {{"{quantity}": …}}}}}}'
                raise BudgetExceeded(self._owner, quantity, limit=limit, spent=spent, fix=fix)

    def _chain(self) -> Iterator[Ledger]:
        ledger: Ledger | None = self
        while ledger is not None:
            yield ledger
            ledger = ledger._parent
