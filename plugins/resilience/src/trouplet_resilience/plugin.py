"""The entry points of the group ``trouplet.hooks``: ``retry``, ``fallback`` and ``rate-limits``."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.kernel import Kernel
    from trouplet.model_io import ModelResponse
    from trouplet.plugin_context import PluginContext
    from trouplet.scope import Scope
    from trouplet_resilience.limited_calls import LimitedCalls
    from trouplet_resilience.streams import Call


class RetryPlugin:
    """Gives every request that has none the retry policy of the kernel's configuration."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from trouplet_resilience.retry import retry_policy

        self._policy = retry_policy(context.config)

    @hookimpl
    def wrap_model_call(self, call_next: Call) -> Call:
        """Set the policy; the request itself is repeated by trouplet-http alone."""
        from trouplet_resilience.retry import with_policy

        return with_policy(call_next, self._policy)


class FallbackPlugin:
    """Asks other models when the agent's own fails."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from trouplet_resilience.fallback import Fallback, FallbackSettings

        self._fallback = Fallback(FallbackSettings.of(context.config))

    @hookimpl
    def kernel_started(self, kernel: Kernel) -> None:
        """Make the models now: what is missing for them should show before they are needed."""
        self._fallback.models(kernel)

    @hookimpl
    def wrap_model_call(self, call_next: Call, scope: Scope) -> Call:
        """Ask the models in turn."""
        return self._fallback.calls(call_next, scope)


class RateLimitsPlugin:
    """Lets model calls wait for their turn. Its limits are the kernel's resource ``rate-limits``."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from weakref import WeakValueDictionary

        from trouplet_resilience.rate_limits import RateLimits

        settings: Mapping[str, Mapping[str, object]] = context.config  # type: ignore[assignment]  # checked there
        self._limits = context.resource("rate-limits", lambda: RateLimits(settings))
        self._runs: WeakValueDictionary[str, LimitedCalls] = WeakValueDictionary()

    @hookimpl
    def wrap_model_call(self, call_next: Call, scope: Scope) -> Call:
        """Wait for the limits before each call."""
        from trouplet_resilience.limited_calls import LimitedCalls

        calls = self._runs[scope.run_id] = LimitedCalls(self._limits, call_next, scope)
        return calls

    @hookimpl
    def after_reasoning(self, response: ModelResponse, scope: Scope) -> None:
        """Correct the estimate of the call that has just ended."""
        calls = self._runs.get(scope.run_id)
        if calls is not None:
            calls.settle(response.usage)
