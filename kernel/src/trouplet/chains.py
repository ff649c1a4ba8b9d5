"""Freezes run-time hooks into plain tuples, and middleware into one function per run.

The order is: the hooks of the agent itself, those of its class and base classes, then those of the kernel's plugins in
the order of the configuration. The first is the outermost.
"""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from trouplet.errors import BadInput, HookFailed, TroupletError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from trouplet.agent import Agent
    from trouplet.events import Subscription
    from trouplet.kernel import Kernel
    from trouplet.scope import Scope

PIPELINES = (
    "before_reply", "after_reply", "before_reasoning", "after_reasoning", "before_acting", "after_acting",
    "before_observe", "after_observe",
)  # fmt: skip
WRAPPERS = ("wrap_reply", "wrap_model_call", "wrap_tool_call")
RUNTIME_HOOKS = (*PIPELINES, *WRAPPERS, "on_event")


class Hook:
    """One frozen hook: its function, whether it is async, and whose it is (empty: the agent's or its class's)."""

    __slots__ = ("function", "is_async", "owner")

    def __init__(self, function: Callable[..., Any], owner: str = "") -> None:
        self.function = function
        self.is_async = iscoroutinefunction(function)
        self.owner = owner

    async def call(self, *arguments: object) -> Any:
        """Call it; an error of a plugin's hook names the plugin."""
        try:
            result = self.function(*arguments)
            return await result if self.is_async else result
        except Exception as error:  # a plugin boundary: whatever it raises is reported with its name
            raise self.blame(error) from error

    def call_now(self, *arguments: object) -> Any:
        """Call a hook that is synchronous by its specification."""
        try:
            return self.function(*arguments)
        except Exception as error:  # as in call()
            raise self.blame(error) from error

    def blame(self, error: Exception) -> Exception:
        """Return what to raise instead of an error of this hook."""
        if not self.owner or isinstance(error, (HookFailed, TroupletError)):
            return error
        name = getattr(self.function, "__name__", repr(self.function))
        return HookFailed(
            f"hook {name} of plugin {self.owner!r} raised {type(error).__name__}", plugin=self.owner, why=str(error)
        )


class Hooks:
    """The hooks of one agent, or of one class of agents: ``agent.hooks.add("before_acting", function)``."""

    __slots__ = ("_hooks", "version")

    def __init__(self) -> None:
        self._hooks: dict[str, list[Callable[..., Any]]] = {}
        self.version = 0

    def add(self, name: str, function: Callable[..., Any]) -> None:
        """Add a hook after those that are there; runs that have begun keep the hooks that they began with."""
        if name not in RUNTIME_HOOKS:
            from trouplet.spelling import did_you_mean

            hint = did_you_mean(name, RUNTIME_HOOKS) or f"Hooks: {', '.join(RUNTIME_HOOKS)}"
            raise BadInput(f"there is no hook {name!r}", fix=hint)
        if name not in PIPELINES and iscoroutinefunction(function):
            raise BadInput(f"hook {name!r} is synchronous", fix="Use def; what it returns may be async")
        self._hooks.setdefault(name, []).append(function)
        self.version += 1

    def remove(self, name: str, function: Callable[..., Any]) -> None:
        """Remove a hook; ``ValueError`` when it is not there."""
        self._hooks.get(name, []).remove(function)
        self.version += 1

    def clear(self, name: str | None = None) -> None:
        """Remove the hooks of one name, or all."""
        for key in [name] if name is not None else list(self._hooks):
            self._hooks.pop(key, None)
        self.version += 1

    def get(self, name: str) -> list[Callable[..., Any]]:
        """Return the hooks of one name, in order."""
        return self._hooks.get(name, [])


class Chains:
    """The frozen hooks of one agent: a tuple for each hook name."""

    __slots__ = RUNTIME_HOOKS

    before_reply: tuple[Hook, ...]
    after_reply: tuple[Hook, ...]
    before_reasoning: tuple[Hook, ...]
    after_reasoning: tuple[Hook, ...]
    before_acting: tuple[Hook, ...]
    after_acting: tuple[Hook, ...]
    before_observe: tuple[Hook, ...]
    after_observe: tuple[Hook, ...]
    wrap_reply: tuple[Hook, ...]
    wrap_model_call: tuple[Hook, ...]
    wrap_tool_call: tuple[Hook, ...]
    on_event: tuple[Hook, ...]

    async def pipe(self, name: str, value: Any, scope: Scope, *, before: tuple[object, ...] = ()) -> Any:
        """Pass a value through the hooks of a name; each may replace it (``None``: unchanged)."""
        for hook in getattr(self, name):
            replaced = await hook.call(*before, value, scope)
            if replaced is not None:
                value = replaced
        return value

    def wrap(self, name: str, innermost: Any, scope: Scope) -> Any:
        """Compose middleware around a function; the first hook is the outermost."""
        call = innermost
        for hook in reversed(getattr(self, name)):
            call = hook.call_now(call, scope) or call
        return call

    def subscriptions(self, scope: Scope) -> Iterator[tuple[str, Subscription]]:
        """Ask for the subscriptions of a run; an observer that fails here is logged and left out."""
        for hook in self.on_event:
            try:
                wanted = list(hook.function(scope) or ())
            except Exception as error:  # an observer never harms the run that it watches
                from trouplet.log import logger

                logger().error("on_event_failed", plugin=hook.owner, error=repr(error), exc_info=error)
                continue
            for subscription in wanted:
                yield hook.owner, subscription


def _freeze(hooks: list[Hooks], kernel: Kernel | None) -> Chains:
    chains = Chains()
    for name in RUNTIME_HOOKS:
        own = [Hook(function) for level in hooks for function in level.get(name)]
        plugins = kernel.runtime_hooks(name) if kernel is not None else ()
        setattr(chains, name, (*own, *[Hook(function, owner) for owner, function in plugins]))
    return chains


NO_HOOKS = _freeze([], None)


def levels(agent: Agent) -> list[Hooks]:
    """The agent's own hooks, then those of its class and base classes, as far as there are any."""
    own = [agent.__dict__["_hooks"]] if "_hooks" in agent.__dict__ else []
    return own + [cls.__dict__["_class_hooks"] for cls in type(agent).__mro__ if "_class_hooks" in cls.__dict__]


def chains_of(agent: Agent, kernel: Kernel | None) -> Chains:
    """Return the agent's frozen hooks, frozen anew when hooks were added since."""
    hooks = levels(agent)
    if not hooks and (kernel is None or not kernel.has_runtime_hooks):
        return NO_HOOKS
    version = (tuple([level.version for level in hooks]), kernel.hooks_version if kernel is not None else 0)
    frozen = agent.frozen
    if frozen is None or frozen[0] != version:
        frozen = agent.frozen = (version, _freeze(hooks, kernel))
    return frozen[1]


async def gate(chains: Chains, call: Any, scope: Scope, *, deadline: float) -> Any:
    """Pass a call through ``before_acting`` until one hook ends the chain.

    Returns the call (replaced or not), or the result, ``Deny`` or ``Ask`` that ended it. Whatever a hook raises and
    however long it takes, the outcome is a ``Deny``: the gate fails closed.
    """
    from trouplet.messages import ToolUseBlock
    from trouplet.tool_io import Deny

    for hook in chains.before_acting:
        try:
            async with asyncio.timeout(deadline):
                verdict = await hook.call(call, scope)
        except Exception as error:  # a policy that fails is a policy that says no
            from trouplet.log import logger

            logger().error("policy_hook_failed", plugin=hook.owner, error=repr(error), exc_info=error)
            return Deny(f"the policy check failed ({type(error).__name__}), so the call was not allowed")
        if verdict is None:
            continue
        if not isinstance(verdict, ToolUseBlock):
            return verdict
        call = verdict
    return call
