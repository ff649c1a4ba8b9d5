"""The error of a budget that is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import RunError

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Literal


class BudgetExceeded(RunError):
    """A limit of a run or of a kernel is reached, so that no further model call may start.

    ``budget`` says whose limit it is, ``quantity`` of what (``money``, ``calls``, ``output_tokens`` …), ``limit`` and
    ``spent`` how much was allowed and has been used.
    """

    code = "TP-406"

    def __init__(
        self, budget: Literal["run", "kernel"], quantity: str, *, limit: int | Decimal, spent: int | Decimal
    ) -> None:
        self.budget = budget
        self.quantity = quantity
        self.limit = limit
        self.spent = spent
        name, sign = quantity.replace("_", " "), "$" if quantity == "money" else ""
        super().__init__(
            f"the limit of the {budget} is reached: {sign}{spent} of {sign}{limit} {'' if sign else name}".rstrip(),
            why="no model call may start any more",
            fix=f'Raise it: config={{"usage": {{"{budget}": {{"{quantity}": …}}}}}}',
        )
