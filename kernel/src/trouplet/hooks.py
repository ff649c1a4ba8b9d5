"""The two markers and the API version: all that a thin plugin module imports.

pluggy finds an implementation by the attribute that its marker leaves on the function. The markers here leave the same
attributes without importing pluggy, so that a plugin module costs its users microseconds; a test compares them with
pluggy's own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    from trouplet.plugin_context import PluginContext as PluginContext

    F = TypeVar("F", bound=Callable[..., Any])

PLUGIN_API = (1, 0)
"""The hook API that this kernel speaks, as (major, minor): a plugin names the one that it was written for."""

PROJECT = "trouplet"


if TYPE_CHECKING:

    @overload
    def hookimpl(function: F) -> F: ...
    @overload
    def hookimpl(
        *, optionalhook: bool = ..., tryfirst: bool = ..., trylast: bool = ..., specname: str | None = ...
    ) -> Callable[[F], F]: ...


def hookimpl(function=None, *, optionalhook=False, tryfirst=False, trylast=False, specname=None):  # type: ignore[no-untyped-def]
    """Mark a method of a plugin class as the implementation of the hook of the same name.

    ``specname`` names the hook when the method is called differently. ``tryfirst`` and ``trylast`` move it in the order
    of calls; an ``optionalhook`` may name a hook that this kernel does not know.
    """
    options = {
        "wrapper": False,
        "hookwrapper": False,
        "optionalhook": optionalhook,
        "tryfirst": tryfirst,
        "trylast": trylast,
        "specname": specname,
    }

    def mark(function: F) -> F:
        setattr(function, PROJECT + "_impl", options)
        return function

    return mark if function is None else mark(function)


if TYPE_CHECKING:

    @overload
    def hookspec(function: F) -> F: ...
    @overload
    def hookspec(*, firstresult: bool = ...) -> Callable[[F], F]: ...


def hookspec(function=None, *, firstresult=False):  # type: ignore[no-untyped-def]
    """Mark a function as the specification of a hook; with ``firstresult`` the first answer other than None wins."""
    options = {
        "firstresult": firstresult,
        "historic": False,
        "warn_on_impl": None,
        "warn_on_impl_args": None,
    }

    def mark(function: F) -> F:
        setattr(function, PROJECT + "_spec", options)
        return function

    return mark if function is None else mark(function)


__all__ = ["PLUGIN_API", "hookimpl", "hookspec"]
