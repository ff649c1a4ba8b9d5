"""What a plugin class has to be like, checked before any of its hooks is registered.

pluggy finds some of these mistakes late or not at all: it takes an implementation of an unknown hook without a word
until somebody asks, never passes what stands behind ``*``, and hands a coroutine to whoever called a synchronous hook.
Here every mistake of a class is found at once, and said in words that its author can act on.
"""

from __future__ import annotations

import inspect
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING

from trouplet import hookspecs
from trouplet.hooks import PLUGIN_API, PROJECT
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAY_BE_ASYNC = ("before_", "after_", "kernel_")
"""The beginnings of the names of hooks that may be ``async def``; all others are called synchronously."""


@cache
def hook_parameters() -> Mapping[str, tuple[str, ...]]:
    """Return the parameters of every hook, by the hook's name, in the order of its specification."""
    return {
        name: tuple(inspect.signature(spec).parameters)
        for name, spec in vars(hookspecs).items()
        if isinstance(spec, FunctionType) and PROJECT + "_spec" in vars(spec)
    }


def api_mistake(plugin_class: type) -> str:
    """Return what is wrong with the class's ``plugin_api``; empty when this kernel speaks it."""
    version = inspect.getattr_static(plugin_class, "plugin_api", None)
    if version is None:
        return f"it has no plugin_api; add: plugin_api = {PLUGIN_API}"
    if not (isinstance(version, tuple) and len(version) == 2 and all(type(part) is int for part in version)):
        return f"plugin_api is {version!r}, not a pair of whole numbers such as {PLUGIN_API}"
    if version[0] != PLUGIN_API[0] or version > PLUGIN_API:
        return f"it is written for plugin API {_dotted(version)}, and this kernel speaks {_dotted(PLUGIN_API)}"
    return ""


def is_ahead(plugin_class: type) -> bool:
    """Whether the class wants a newer kernel, rather than being too old for this one."""
    version = inspect.getattr_static(plugin_class, "plugin_api", None)
    return isinstance(version, tuple) and version > PLUGIN_API


def mistakes(plugin_class: type) -> list[str]:
    """Return everything in which a class breaks the contract; empty when it keeps it."""
    found: list[str] = []
    if inspect.getattr_static(plugin_class, "__eq__") is not object.__eq__:
        found.append("it defines __eq__, but a kernel tells plugins apart by identity")
    for name in dir(plugin_class):
        attribute = inspect.getattr_static(plugin_class, name, None)
        options = _hook_options(attribute)
        if options is not None:
            found += _hook_mistakes(name, attribute, options)
    return found


def unmarked_hook(plugin_class: type, hook: str) -> bool:
    """Whether the class has a method of a hook's name that lacks the marker."""
    attribute = inspect.getattr_static(plugin_class, hook, None)
    return isinstance(attribute, FunctionType) and _hook_options(attribute) is None


def _hook_options(attribute: object) -> Mapping[str, object] | None:
    """Return what the marker left on an attribute or on the function in it; pluggy never looks into a property."""
    inner = attribute.fget if isinstance(attribute, property) else getattr(attribute, "__func__", attribute)
    for holder in (attribute, inner):
        options = getattr(holder, "__dict__", {}).get(PROJECT + "_impl")
        if isinstance(options, dict):
            return options
    return None


def _hook_mistakes(method: str, attribute: object, options: Mapping[str, object]) -> Iterator[str]:
    hook = str(options.get("specname") or method)
    parameters = hook_parameters().get(hook)
    if parameters is None:
        if not options.get("optionalhook"):
            yield f"there is no hook {hook!r}. {did_you_mean(hook, hook_parameters())}".rstrip()
        return
    if options.get("wrapper") or options.get("hookwrapper"):
        yield f"{method}() is a pluggy wrapper; use a wrap_… hook, which returns middleware"
    function = attribute.__func__ if isinstance(attribute, (staticmethod, classmethod)) else attribute
    if not isinstance(function, FunctionType):
        yield f"{method} is a {type(attribute).__name__}; mark a plain method"
        return
    yield from _kind_mistakes(method, hook, function)
    yield from _parameter_mistakes(method, function, parameters, bound=not isinstance(attribute, staticmethod))


def _kind_mistakes(method: str, hook: str, function: FunctionType) -> Iterator[str]:
    inner = inspect.unwrap(function)
    if inspect.isasyncgenfunction(inner):
        yield f"{method}() is an async generator; no hook is"
        return
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(inner)
    if is_async and not hook.startswith(MAY_BE_ASYNC):
        yield f"{method}() is `async def`, but {hook} is called synchronously; use `def`, and await in what it returns"


def _parameter_mistakes(
    method: str, function: FunctionType, parameters: tuple[str, ...], *, bound: bool
) -> Iterator[str]:
    taken = list(inspect.signature(function).parameters.values())
    if bound:
        if not taken or taken[0].name in parameters:
            yield f"{method}() does not take self"
            return
        del taken[0]
    for parameter in taken:
        mistake = _parameter_mistake(parameter, parameters)
        if mistake:
            yield f"{method}(): {mistake}"


def _parameter_mistake(parameter: inspect.Parameter, parameters: tuple[str, ...]) -> str:
    if parameter.kind is parameter.KEYWORD_ONLY:
        return f"{parameter.name!r} is keyword-only, and hooks get their arguments by position; remove the `*`"
    if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
        return f"{str(parameter).partition(':')[0]!r} never gets anything; name the parameters: {', '.join(parameters)}"
    required = parameter.default is parameter.empty
    if parameter.name in parameters:
        # Before 1.7 pluggy passed nothing to a parameter that has a default.
        return "" if required else f"{parameter.name!r} has a default; hooks get every argument, remove the default"
    if required:
        known = did_you_mean(parameter.name, parameters) or f"It has: {', '.join(parameters) or 'none'}."
        return f"the hook has no parameter {parameter.name!r}. {known}"
    return ""


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
