"""``Limit``: a queue for model calls, of which only so many may run at once, or begin in a minute."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet_resilience.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable


class Limit:
    """Lets calls through in the order in which they came.

    The first in the queue waits for a place and for the paces; the others wait for their turn. Whoever is cancelled
    leaves the queue, or gives back the place that it had got.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self._turn = asyncio.Lock()
        self._places = None if concurrency is None else asyncio.Semaphore(concurrency)
        self._requests = None if requests_per_minute is None else Pace(requests_per_minute)
        self._tokens = None if tokens_per_minute is None else Pace(tokens_per_minute)
        self._settled = asyncio.Event()
        self._queued_requests = 0
        self._queued_tokens = 0.0

    @property
    def counts_tokens(self) -> bool:
        """Whether it matters how many tokens a call has."""
        return self._tokens is not None

    def wait(self, tokens: float) -> float:
        """Return the seconds that a call of so many tokens will wait for its pace at least, behind those in the queue.

        A call that is larger than a whole minute's allowance waits for a full one.
        """
        waits = [0.0]
        if self._requests is not None:
            waits.append(self._requests.wait(self._queued_requests + 1))
        if self._tokens is not None:
            waits.append(self._tokens.wait(self._queued_tokens + self._charge(tokens)))
        return max(waits)

    async def acquire(self, tokens: float) -> Permit:
        """Wait until a call of so many tokens may begin."""
        charge = self._charge(tokens)
        self._queued_requests += 1
        self._queued_tokens += charge
        try:
            async with self._turn:
                await self._begin(charge)
        finally:
            self._queued_requests -= 1
            self._queued_tokens -= charge
        return Permit(self._leave, self._settle, charge)

    async def _begin(self, charge: float) -> None:
        if self._places is not None:
            await self._places.acquire()
        try:
            await self._keep_pace(charge)
        except BaseException:
            self._leave()
            raise

    async def _keep_pace(self, charge: float) -> None:
        while wait := self._own_wait(charge):
            self._settled.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._settled.wait()
            except TimeoutError:
                continue
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(charge)

    def _own_wait(self, charge: float) -> float:
        requests = 0.0 if self._requests is None else self._requests.wait(1)
        return max(requests, 0.0 if self._tokens is None else self._tokens.wait(charge))

    def _charge(self, tokens: float) -> float:
        return 0.0 if self._tokens is None else min(tokens, self._tokens.per_minute)

    def _leave(self) -> None:
        if self._places is not None:
            self._places.release()

    def _settle(self, requests: float, tokens: float) -> None:
        if self._requests is not None:
            self._requests.take(requests)
        if self._tokens is not None:
            self._tokens.take(tokens)
        self._settled.set()


@dataclass(slots=True)
class Permit:
    """The right of one call to run: ``release`` it when the call has ended."""

    release: Callable[[], None]
    _settle: Callable[[float, float], None]
    _charge: float

    def settle(self, tokens: float) -> None:
        """Say what the call cost in fact."""
        self._settle(0.0, tokens - self._charge)

    def cancel(self) -> None:
        """Give everything back: the call was never made."""
        self._settle(-1.0, -self._charge)
        self.release()
