"""The one retry layer: decides whether and when a failed call is sent again.

Nothing above it (provider plugin, kernel, agent) and nothing below it (client, transport) sends a request twice. A call
costs at most ``1 + max_retries`` requests, all of them within its deadline, and none after the first byte of an answer
has arrived.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from trouplet.errors import DeadlineExceeded, ModelError
from trouplet_http.errors import RetryTooLate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trouplet_http.deadline import Clock, Deadline

T = TypeVar("T")

_log = logging.getLogger("trouplet_http")


@dataclass(slots=True, frozen=True)
class RetryPolicy:
    """How often a call is repeated, and how long it waits before (in seconds).

    The wait is a random part of ``first_wait``, which doubles with each attempt up to ``longest_wait`` ("full jitter").
    When the provider names a wait, that one is taken, with a little jitter on top; it is never cut short: one that
    exceeds ``longest_retry_after`` or the time left to the call fails at once with ``RetryTooLate``.
    """

    max_retries: int = 2
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 300.0

    def backoff(self, failures: int, random: float) -> float:
        """Return the wait after the given number of failures."""
        ceiling: float = min(self.longest_wait, self.first_wait * 2.0 ** min(failures - 1, 30))
        return random * ceiling

    def after_hint(self, hint: float, random: float) -> float:
        """Return the wait for a provider's hint: up to 10 % more, between 50 and 150 ms."""
        return hint + random * min(0.15, max(0.05, hint * 0.1))


class Retries:
    """The attempts of one call. ``failure`` is the last one's error."""

    __slots__ = ("_clock", "_deadline", "_policy", "_provider", "failure", "failures")

    def __init__(self, policy: RetryPolicy, deadline: Deadline, clock: Clock, *, provider: str) -> None:
        self._policy = policy
        self._deadline = deadline
        self._clock = clock
        self._provider = provider
        self.failures = 0
        self.failure: ModelError | None = None

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the first attempt that works, or raise the error of the last."""
        while True:
            if self._deadline.remaining() <= 0:
                raise self.out_of_time()
            try:
                return await attempt()
            except ModelError as error:
                failure = self.failure = error
            self.failures += 1
            if not failure.retryable or self.failures > self._policy.max_retries:
                raise failure
            wait = self._wait(failure)
            _log.info("%s: %s; attempt %d follows in %.2f s", self._provider, failure.code, self.failures + 1, wait)
            await self._clock.sleep(wait)

    def out_of_time(self) -> DeadlineExceeded:
        """Return the error for a call whose deadline has passed."""
        last = self.failure
        reason = f"The last of {self.failures} failed attempts: {last.what}" if last else ""
        return DeadlineExceeded(
            f"{self._provider} gave no answer within {self._deadline.seconds:g} s",
            provider=self._provider,
            status=last.status if last else None,
            retryable=True,
            retry_after=last.retry_after if last else None,
            details=last.details if last else None,
            why=reason,
        )

    def _wait(self, failure: ModelError) -> float:
        """Return how long to wait; raise if it would be too long."""
        policy, chance = self._policy, self._clock.random()
        hint = failure.retry_after
        remaining = self._deadline.remaining()
        if hint is None:
            wait = policy.backoff(self.failures, chance)
            if wait >= remaining:
                raise self.out_of_time()
            return wait
        if hint >= min(remaining, policy.longest_retry_after):
            raise _too_late(failure, hint)
        return min(policy.after_hint(hint, chance), remaining)


def _too_late(failure: ModelError, hint: float) -> RetryTooLate:
    return RetryTooLate(
        f"{failure.provider} asks to wait {hint:g} s, which is longer than this call may wait",
        provider=failure.provider,
        status=failure.status,
        retry_after=hint,
        details=failure.details,
        why=failure.what,
        fix="Try again later, or give the call a longer deadline",
    )
