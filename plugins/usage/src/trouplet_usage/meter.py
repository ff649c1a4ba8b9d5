"""The meter of one run: lets its model calls start while there is budget, and enters what they used.

A call begins in the middleware of the model call and is closed when the agent has its answer, so nothing is done for a
single chunk. One that gets no answer is closed when the next begins or the run ends: it failed or was cut off.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.model_io import Usage
from trouplet.scope import note
from trouplet_usage.estimate import estimated, estimated_failure
from trouplet_usage.ledger import Spending

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime
    from typing import TypeAlias

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest, ModelResponse
    from trouplet.scope import Scope
    from trouplet_usage.ledger import Ledger
    from trouplet_usage.price_list import PriceList

    ModelCall: TypeAlias = Callable[[ModelRequest], AsyncGenerator[Chunk, None]]


class Meter:
    """Measures one run. With ``prices_needed`` no run starts whose model has no known price."""

    def __init__(self, scope: Scope, ledger: Ledger, prices: PriceList, *, prices_needed: bool) -> None:
        self._scope = scope
        self._ledger = ledger
        self._prices = prices
        self._prices_needed = prices_needed
        self._unanswered: list[tuple[ModelRequest, datetime]] = []

    async def prepare(self) -> None:
        """Load the price list; refuse the run when it could not be kept within a limit on money."""
        try:
            info = self._info
        except NotImplementedError:  # an agent that asks no model
            return
        await self._prices.prepare(info.provider, info.name)
        if self._prices_needed and self._prices.price(info.provider, info.name, when=self._now()) is None:
            raise BadSetting(
                f"the price of {info.id} is not known, and there is a limit on money",
                fix=f'Say what it costs per million tokens: config={{"usage": {{"prices": {{"{info.id}": '
                '{"input": …, "output": …}}}}, or let it be used all the same: "unknown_price": "allow"',
            )
        self._carry_over()

    def _carry_over(self) -> None:
        """Enter what a run had used before it was parked, elsewhere: for its own limits, not for this kernel's."""
        used = self._scope.state.usage
        if used.calls and not self._ledger.started:
            self._ledger.started = used.calls
            self._ledger.enter(self._info.id, self._spending(used, self._now()))

    def gate(self, call_next: ModelCall) -> ModelCall:
        """Wrap the model calls. The stream itself is passed on as it is."""

        def gated(request: ModelRequest) -> AsyncGenerator[Chunk, None]:
            self.give_up(None)
            self._ledger.begin_call()
            self._unanswered.append((request, self._now()))
            return call_next(request)

        return gated

    def answered(self, response: ModelResponse) -> None:
        """Enter what an answer says that it used."""
        begun = self._now()
        if self._unanswered:
            request, begun = self._unanswered.pop()
            if response.usage.unknown:
                self._enter_estimate(estimated(request, response.content), begun)
        self._ledger.charge(self._info.id, self._spending(response.usage, begun))

    def give_up(self, error: BaseException | None) -> None:
        """Close the calls that got no answer; ``error`` is what ended the run, and so the last of them."""
        while self._unanswered:
            request, begun = self._unanswered.pop()
            self._enter_estimate(estimated_failure(request, error), begun)
            self._ledger.charge(self._info.id, Spending(Usage.not_reported()))
            error = None

    def _enter_estimate(self, guess: Usage, begun: datetime) -> None:
        tokens = guess.input_tokens + guess.output_tokens
        if not tokens:
            return
        info = self._info
        cost = self._prices.cost(info.provider, info.name, guess, when=begun)
        self._ledger.charge(info.id, Spending(estimate=guess, estimated_cost=cost or Decimal(0)))
        note(f"a call of {info.id} did not say what it used; about {tokens} tokens count for the limits")

    def _spending(self, usage: Usage, begun: datetime) -> Spending:
        if usage.unknown == usage.calls:
            return Spending(usage)
        cost = self._prices.cost(self._info.provider, self._info.name, usage, when=begun)
        return Spending(usage, unpriced=usage.calls) if cost is None else Spending(usage, cost)

    @property
    def _info(self) -> ModelInfo:
        return self._scope.agent.model.info

    def _now(self) -> datetime:
        return self._scope.agent.clock()
