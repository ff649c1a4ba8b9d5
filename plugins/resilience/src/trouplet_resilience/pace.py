"""``Pace``: so much in a minute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """An allowance that is full at first and is filled up again evenly, a whole one in a minute (a token bucket).

    What turns out to have cost more than was taken is owed: the allowance may be below zero.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = float(per_minute)
        self._clock = clock
        self._left = self.per_minute
        self._at = clock()

    def wait(self, amount: float) -> float:
        """Return the seconds until so much may be taken, if nobody else takes any."""
        return max(0.0, (amount - self._now()) * 60 / self.per_minute)

    def take(self, amount: float) -> None:
        """Take so much; a negative amount gives back."""
        self._left = min(self.per_minute, self._now() - amount)

    def _now(self) -> float:
        """Return what is left now."""
        now = self._clock()
        self._left = min(self.per_minute, self._left + (now - self._at) * self.per_minute / 60)
        self._at = now
        return self._left
