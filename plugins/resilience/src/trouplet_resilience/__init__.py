"""What stands around the model calls of agents: a retry policy, other models to fall back to, rate limits."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_resilience.errors import AllModelsFailed as AllModelsFailed
    from trouplet_resilience.plugin import FallbackPlugin as FallbackPlugin
    from trouplet_resilience.plugin import RateLimitsPlugin as RateLimitsPlugin
    from trouplet_resilience.plugin import RetryPlugin as RetryPlugin
    from trouplet_resilience.rate_limits import RateLimits as RateLimits

_HOMES = {
    "AllModelsFailed": "errors",
    "FallbackPlugin": "plugin",
    "RateLimits": "rate_limits",
    "RateLimitsPlugin": "plugin",
    "RetryPlugin": "plugin",
}

__all__ = ["AllModelsFailed", "FallbackPlugin", "RateLimits", "RateLimitsPlugin", "RetryPlugin"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
