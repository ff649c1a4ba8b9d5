"""The time that one call may take, and the clock that tells it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _random() -> float:
    import random

    return random.random()


@dataclass(slots=True, frozen=True)
class Clock:
    """Where time and chance come from; tests give their own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = _random


SYSTEM_CLOCK = Clock()


class Deadline:
    """The end of one call, counted from now."""

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left; negative when the deadline has passed."""
        return self._end - self._clock.monotonic()
