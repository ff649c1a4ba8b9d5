"""The books of one kernel: its ledger, and those of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_usage.ledger import Ledger
from trouplet_usage.limits import Limits
from trouplet_usage.meter import Meter
from trouplet_usage.price_list import PriceList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeAlias

    from trouplet.messages import Msg
    from trouplet.scope import Scope
    from trouplet_usage.settings import UsageSettings

    Reply: TypeAlias = Callable[[Sequence[Msg]], Awaitable[Msg]]

KEPT_RUNS = 1000
"""Runs that are over and can still be asked about."""


class Books:
    """What is used in one kernel, and in each of its runs."""

    def __init__(self, settings: UsageSettings) -> None:
        self.kernel = Ledger("kernel", settings.kernel)
        self.runs: dict[str, Ledger] = {}
        self._settings = settings
        self._prices = PriceList(settings.prices)
        self._meters: dict[str, Meter] = {}

    def metered(self, call_next: Reply, scope: Scope) -> Reply:
        """Wrap a run, so that it has a meter while it lasts."""

        async def run(msgs: Sequence[Msg]) -> Msg:
            meter = self._meters[scope.run_id] = self._new_meter(scope)
            error: BaseException | None = None
            try:
                await meter.begin()
                return await call_next(msgs)
            except BaseException as caught:
                error = caught
                raise
            finally:
                await meter.end(error)
                del self._meters[scope.run_id]
                self._forget_oldest()

        return run

    def meter(self, scope: Scope) -> Meter:
        """Return the meter of a run; for what an agent does after its end, one that is not closed."""
        return self._meters.get(scope.run_id) or self._new_meter(scope)

    def _new_meter(self, scope: Scope) -> Meter:
        settings = self._settings
        prices_needed = settings.limits_money and not settings.allow_unknown_price
        return Meter(scope, self._ledger(scope), self._prices, prices_needed=prices_needed)

    def _ledger(self, scope: Scope) -> Ledger:
        """Return the ledger of a run: the one it had if it goes on, one below its caller's if it is nested."""
        found = self.runs.get(scope.run_id)
        if found is None:
            caller = self._caller(scope)
            limits = self._settings.run if caller is None else Limits()
            found = self.runs[scope.run_id] = Ledger("run", limits, caller or self.kernel)
        return found

    def _caller(self, scope: Scope) -> Ledger | None:
        """Return the ledger of the nearest run above that this kernel measures."""
        above = scope.parent
        while above is not None and above.run_id not in self._meters:
            above = above.parent
        return None if above is None else self.runs[above.run_id]

    def _forget_oldest(self) -> None:
        if len(self.runs) - len(self._meters) > KEPT_RUNS:
            del self.runs[next(run for run in self.runs if run not in self._meters)]
