"""What a model costs, as the host or the price library says it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trouplet.model_io import Usage

MILLION = Decimal(1_000_000)


@dataclass(slots=True, frozen=True)
class Price:
    """The price of a model, in dollars per million tokens.

    ``output`` is None when the model has none to sell, as an embedding model. ``cached`` is the price of input that the
    provider had in its cache, ``cache_write`` that of input which it puts there; None: that of other input. ``varies``
    says that these are the lowest: a long prompt or an hour of the day costs more.
    """

    input: Decimal
    output: Decimal | None = None
    cached: Decimal | None = None
    varies: bool = False
    cache_write: Decimal | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing of it costs anything."""
        return not (self.input or self.output or self.cached or self.varies)

    def cost(self, usage: Usage) -> Decimal | None:
        """Return what this usage costs; None when it has output that has no price."""
        if usage.output_tokens and self.output is None:
            return None
        cached = min(usage.cached_tokens, usage.input_tokens)
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        dollars = (usage.input_tokens - cached - written) * self.input
        dollars += cached * (self.input if self.cached is None else self.cached)
        dollars += written * (self.input if self.cache_write is None else self.cache_write)
        return (dollars + usage.output_tokens * (self.output or 0)) / MILLION


FREE = Price(Decimal(0), Decimal(0))
