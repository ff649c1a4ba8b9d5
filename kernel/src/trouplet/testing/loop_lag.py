"""Measures by how much the event loop is late while a block runs: what blocks the loop shows here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class LoopLag:
    """An async context manager that samples the loop's lag every ``interval`` seconds; figures are in seconds."""

    def __init__(self, *, interval: float = 0.005) -> None:
        self.samples: list[float] = []
        self._interval = interval
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._schedule()
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._timer is not None, "the probe was started"
        self._timer.cancel()
        late = asyncio.get_running_loop().time() - self._due
        if late > 0 or not self.samples:  # what blocked the loop up to the very end counts, too
            self.samples.append(max(0.0, late))

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + self._interval
        self._timer = loop.call_at(self._due, self._sample)

    def _sample(self) -> None:
        self.samples.append(asyncio.get_running_loop().time() - self._due)
        self._schedule()

    def percentile(self, percent: float) -> float:
        """Return the lag that so many percent of the samples do not exceed."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    @property
    def p99(self) -> float:
        """The lag that 99 % of the samples do not exceed."""
        return self.percentile(99)

    @property
    def worst(self) -> float:
        """The largest lag."""
        return max(self.samples)
