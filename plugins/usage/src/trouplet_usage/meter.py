"""The meter of one run: lets its model calls start while there is budget, and enters what they used.

A call begins in the middleware of the model call and is closed when the agent has its answer, so nothing is done for a
single chunk. One that has no answer by then, or when the run ends, failed or was cut off: what it used is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    from trouplet.ports import ChatModel
    from trouplet.scope import Scope
    from trouplet_usage.ledger import Ledger
    from trouplet_usage.price_list import PriceList

    ModelCall: TypeAlias = Callable[[ModelRequest], AsyncGenerator[Chunk, None]]


@dataclass(slots=True)
class _Call:
    """A model call that has begun."""

    model: ModelInfo
    request: ModelRequest
    begun: datetime


class Meter:
    """Measures one run. With ``prices_needed`` no call starts whose model has no known price."""

    def __init__(self, scope: Scope, ledger: Ledger, prices: PriceList, *, prices_needed: bool) -> None:
        self._scope = scope
        self._ledger = ledger
        self._prices = prices
        self._prices_needed = prices_needed
        self._open: list[_Call] = []

    async def begin(self) -> None:
        """Prepare for the run; refuse it when it could not be kept within a limit on money."""
        try:
            model = self._scope.agent.model.info
        except NotImplementedError:  # an agent that asks no model
            return
        # A fallback may go to any model, and the gate cannot wait for the library.
        await self._prices.prepare(None if self._prices_needed else model)
        self._check_price(model)
        self._carry_over(model)

    def gate(self, call_next: ModelCall) -> ModelCall:
        """Wrap the model calls. The stream itself is passed on as it is."""

        def gated(request: ModelRequest) -> AsyncGenerator[Chunk, None]:
            model = _target(request, self._scope)
            self._check_price(model)
            self._ledger.begin_call()
            self._open.append(_Call(model, request, self._scope.agent.clock()))
            return call_next(request)

        return gated

    async def answered(self, response: ModelResponse) -> None:
        """Enter what an answer says that it used; it is that of the last call, those before it have failed."""
        if not self._open:
            return
        call = self._open.pop()
        await self.end(None)
        await self._prices.prepare(call.model)
        if response.usage.unknown:
            self._enter_estimate(call, estimated(call.request, response.content))
        self._ledger.charge(call.model.id, self._spending(call.model, response.usage, call.begun))

    async def end(self, error: BaseException | None) -> None:
        """Close the calls that got no answer; ``error`` is what ended the run, and so the last of them."""
        while self._open:
            call = self._open.pop()
            await self._prices.prepare(call.model)
            self._enter_estimate(call, estimated_failure(call.request, error))
            self._ledger.charge(call.model.id, Spending(Usage.not_reported()))
            error = None

    def _check_price(self, model: ModelInfo) -> None:
        if self._prices_needed and not self._prices.is_known(model, when=self._scope.agent.clock()):
            raise BadSetting(
                f"the price of {model.id} is not known, and there is a limit on money",
                fix=f'Say what it costs per million tokens: config={{"usage": {{"prices": {{"{model.id}": '
                '{"input": …, "output": …}}}}, or let it be used all the same: "unknown_price": "allow"',
            )

    def _carry_over(self, model: ModelInfo) -> None:
        """Enter what a run had used before it was parked, elsewhere: for its own limits, not for this kernel's."""
        used = self._scope.state.usage
        if used.calls and not self._ledger.started:
            self._ledger.started = used.calls
            self._ledger.enter(model.id, self._spending(model, used, self._scope.agent.clock()))

    def _enter_estimate(self, call: _Call, guess: Usage) -> None:
        tokens = guess.input_tokens + guess.output_tokens
        if not tokens:
            return
        cost = self._prices.cost(call.model, guess, when=call.begun)
        self._ledger.charge(call.model.id, Spending(estimate=guess, estimated_cost=cost or Decimal(0)))
        note(f"a call of {call.model.id} did not say what it used; about {tokens} tokens count for the limits")

    def _spending(self, model: ModelInfo, usage: Usage, when: datetime) -> Spending:
        if usage.unknown == usage.calls:
            return Spending(usage)
        cost = self._prices.cost(model, usage, when=when)
        return Spending(usage, unpriced=usage.calls) if cost is None else Spending(usage, cost)


def _target(request: ModelRequest, scope: Scope) -> ModelInfo:
    """Return the model that a request goes to: the agent's, unless a fallback's request names another."""
    model: ChatModel = request.model or scope.agent.model
    return model.info
