"""``RateLimits``: the limits of a kernel, by the names of what they limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from trouplet.errors import BadSetting, DeadlineExceeded
from trouplet.plugin_settings import POSITIVE, SIZE, TABLE, check_settings
from trouplet_http import RetryTooLate
from trouplet_resilience.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelInfo
    from trouplet_resilience.limit import Permit

SETTINGS = {"concurrency": SIZE, "requests_per_minute": POSITIVE, "tokens_per_minute": POSITIVE}


class RateLimits:
    """Limits by name, shared by all that use this object on one event loop.

    A name is a provider's (``openai``) or a pattern of models (``openai:gpt-5*``); a call keeps every limit whose
    name fits. ``limits`` holds for each name ``concurrency``, ``requests_per_minute`` and ``tokens_per_minute``, at
    least one of them.
    """

    def __init__(self, limits: Mapping[str, Mapping[str, object]]) -> None:
        check_settings("'rate-limits'", limits, dict.fromkeys(limits, TABLE))
        # The longest name first: who waits for a model's own limit holds no place in its provider's.
        self._limits = {
            name: _limit(name, limits[name]) for name in sorted(limits, key=lambda name: (-len(name), name))
        }

    def of(self, info: ModelInfo) -> list[tuple[str, Limit]]:
        """Return the limits that a model's calls keep."""
        return [(name, limit) for name, limit in self._limits.items() if _fits(name, info)]

    async def acquire(self, info: ModelInfo, tokens: float, *, deadline: float | None = None) -> Grant:
        """Wait until a call may begin; at most ``deadline`` seconds.

        Raises ``RetryTooLate`` at once when the wait will be longer than that, and ``DeadlineExceeded`` when it was.
        """
        limits = self.of(info)
        for name, limit in limits:
            wait = limit.wait(tokens)
            if deadline is not None and wait > deadline:
                raise _too_late(info, name, wait, deadline)
        try:
            async with asyncio.timeout(deadline):
                return await _acquire_all([limit for _, limit in limits], tokens)
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"{info.id} was not asked within {deadline:g} s: its rate limits left no room",
                provider=info.provider,
                retryable=True,
                fix="Raise the deadline or the limits",
            ) from error


@dataclass(slots=True)
class Grant:
    """The permits of one call, of all limits that it keeps."""

    permits: Sequence[Permit]

    def release(self) -> None:
        """The call has ended."""
        for permit in self.permits:
            permit.release()

    def settle(self, tokens: float) -> None:
        """Say what the call cost in fact."""
        for permit in self.permits:
            permit.settle(tokens)


async def _acquire_all(limits: Sequence[Limit], tokens: float) -> Grant:
    permits: list[Permit] = []
    try:
        for limit in limits:
            permits.append(await limit.acquire(tokens))  # noqa: PERF401  # those there are when one fails
    except BaseException:
        for permit in permits:
            permit.cancel()
        raise
    return Grant(permits)


def _fits(name: str, info: ModelInfo) -> bool:
    return name == info.provider or fnmatchcase(info.id, name)


def _limit(name: str, settings: Mapping[str, object]) -> Limit:
    owner = f"the limit {name!r} of 'rate-limits'"
    check_settings(owner, settings, SETTINGS)
    if not settings:
        raise BadSetting(f"{owner} limits nothing", fix=f"Give it one of: {', '.join(SETTINGS)}")
    return Limit(**cast("dict[str, Any]", dict(settings)))


def _too_late(info: ModelInfo, name: str, wait: float, deadline: float) -> RetryTooLate:
    return RetryTooLate(
        f"the rate limit {name!r} would let {info.id} wait {wait:.3g} s, and the call may take {deadline:.3g} s",
        provider=info.provider,
        retry_after=wait,
        fix="Raise the deadline or the limit, or ask less often",
    )
