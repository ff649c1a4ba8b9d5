"""What was used and what it cost, as a host reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from trouplet.errors import BadInput, ConfigError

if TYPE_CHECKING:
    from decimal import Decimal

    from trouplet import Kernel
    from trouplet.model_io import Usage
    from trouplet_usage.books import Books
    from trouplet_usage.ledger import Ledger, Spending

RESOURCE = "usage"
"""The key of the kernel's books among its resources."""


@dataclass(slots=True, frozen=True)
class ModelUsage:
    """What one model used.

    ``cost`` is what the reported ``usage`` costs, in dollars; None when a price is not known. ``usage.unknown`` calls
    reported nothing: ``estimate`` is a guess at their tokens, ``estimated_cost`` at their cost.
    """

    model: str
    usage: Usage
    cost: Decimal | None
    estimate: Usage
    estimated_cost: Decimal


@dataclass(slots=True, frozen=True)
class UsageReport:
    """What the models of a run or a kernel used; ``total`` is that of all together."""

    models: tuple[ModelUsage, ...]
    total: ModelUsage

    @property
    def usage(self) -> Usage:
        """The tokens of all models, as reported."""
        return self.total.usage

    @property
    def cost(self) -> Decimal | None:
        """What all of it costs, in dollars; None when the price of a part is not known."""
        return self.total.cost

    def as_data(self) -> list[dict[str, object]]:
        """Return the models as JSON-able data; amounts are text, as exact as they are."""
        data: list[dict[str, object]] = [asdict(line) for line in self.models]
        for line in data:
            line["cost"] = None if line["cost"] is None else str(line["cost"])
            line["estimated_cost"] = str(line["estimated_cost"])
        return data

    def __str__(self) -> str:
        return "\n".join([_text(line) for line in [*self.models, self.total]])


def usage_report(kernel: Kernel, *, run_id: str | None = None) -> UsageReport:
    """Return what a kernel has used so far, or one of its runs with the runs that it called (``reply.run_id``).

    Raises ``ConfigError`` when the plugin takes no part in the kernel's runs, ``BadInput`` for a run that it does not
    know: it knows those at work and the last thousand.
    """
    books = kernel.context("usage").resource(RESOURCE, _absent)
    if run_id is None:
        return _report(books.kernel)
    if run_id not in books.runs:
        raise BadInput(f"no run {run_id!r} is known", fix="Give reply.run_id, of one of the last thousand runs")
    return _report(books.runs[run_id])


def _absent() -> Books:
    raise ConfigError("this kernel does not measure usage", fix='Name the plugin: Kernel(plugins=["usage"])')


def _report(ledger: Ledger) -> UsageReport:
    lines = [_line(model, spending) for model, spending in sorted(ledger.models.items())]
    return UsageReport(tuple(lines), _line("total", ledger.total))


def _line(model: str, spending: Spending) -> ModelUsage:
    cost = None if spending.unpriced else spending.cost
    return ModelUsage(model, spending.usage, cost, spending.estimate, spending.estimated_cost)


def _text(line: ModelUsage) -> str:
    usage = line.usage
    cost = "unknown cost" if line.cost is None else f"${line.cost}"
    text = f"{line.model}: {usage.calls} calls, {usage.input_tokens}→{usage.output_tokens} tokens, {cost}"
    if not usage.unknown:
        return text
    guess = line.estimate
    return (
        f"{text}; {usage.unknown} calls did not say: about {guess.input_tokens}→{guess.output_tokens} tokens, "
        f"${line.estimated_cost}"
    )
