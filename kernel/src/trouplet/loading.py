"""Turns an entry of the index into a loaded plugin: import, API check, contract check, instance.

What a plugin does wrong on the way becomes a ``PluginError`` that names it and says what to type. The limits of doing
so inside of the host's process:

- An import that hangs cannot be interrupted safely; who asked for the plugin waits. Listing never imports, and the
  doctor imports in a process of its own, with a deadline.
- What a plugin prints on import goes where the host's output goes: redirecting ``sys.stdout`` would take away the
  output of the host's other threads. The doctor reports it.
- ``SystemExit`` is caught, since a ``sys.exit()`` at import is a bug. Other exceptions that are no ``Exception``
  (``KeyboardInterrupt``, a cancellation, a test runner's own) are meant for the host and go through.
- A crash of the interpreter takes the host along. The doctor survives it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from trouplet.errors import ConfigError, PluginContractError, PluginLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.discovery import PluginEntry
    from trouplet.plugin_context import PluginContext

DETAILS = "Details: trouplet plugins doctor"
KINDS = frozenset({"models", "formatters", "tools", "memory", "tracers", "hooks"})
"""The kernel's own kinds, whose targets are plugin classes. What other kinds point at is for their owners to check."""
UNAFFECTED = "Other plugins are not affected. "


class LoadedPlugin:
    """An instance of a plugin class, and the entry by which it was found."""

    __slots__ = ("entry", "instance")

    def __init__(self, entry: PluginEntry, instance: object) -> None:
        self.entry = entry
        self.instance = instance


def load(entry: PluginEntry, make_context: Callable[[], PluginContext]) -> LoadedPlugin:
    """Import the plugin of an entry and make its instance.

    Raises ``PluginLoadError`` or ``PluginContractError``. A ``ConfigError`` from the plugin's constructor (a missing
    key, say) goes through as it is: the plugin is well, its settings are not.
    """
    found = import_target(entry)
    if not isinstance(found, type):
        raise _contract_error(entry, f"{entry.target} is a {type(found).__name__}, not a class", _upgrade(entry))
    return make(entry, found, make_context)


def make(entry: PluginEntry, plugin_class: type, make_context: Callable[[], PluginContext]) -> LoadedPlugin:
    """Check a plugin class and make its instance; as ``load`` for a class that is there already."""
    check(entry, plugin_class)
    try:
        return LoadedPlugin(entry, plugin_class(make_context()))
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a plugin's code: whatever it raises is reported with its name
        raise _load_error(entry, "could not be made", error) from error


def check(entry: PluginEntry, plugin_class: type) -> None:
    """Raise ``PluginContractError`` for a class that this kernel cannot use."""
    from trouplet.plugin_contract import api_mistake, is_ahead, mistakes

    wrong_api = api_mistake(plugin_class)
    if wrong_api:
        fix = "pip install -U trouplet" if is_ahead(plugin_class) else _upgrade(entry)
        raise _contract_error(entry, wrong_api, fix)
    wrong = mistakes(plugin_class)
    if wrong:
        raise _contract_error(entry, "; ".join(wrong), _upgrade(entry))


def import_target(entry: PluginEntry) -> object:
    """Import what an entry points at, whatever its kind wants that to be; raises ``PluginLoadError``."""
    module_name, _, path = entry.target.partition(":")
    try:
        found: object = import_module(module_name)
        for attribute in path.split("."):
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:  # importing runs the plugin's code and that of its SDK
        raise _load_error(entry, "could not be imported", error) from error
    return found


def explain(entry: PluginEntry, error: BaseException) -> tuple[str, str]:
    """Return why a plugin's code failed and what to type: a requirement that is not met is the likely reason."""
    from trouplet.requirements import unmet

    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    missing = unmet(entry.distribution) if entry.distribution else []
    if not missing or not isinstance(error, (ImportError, AttributeError, TypeError)):
        return why, DETAILS
    wanted = " ".join(f"'{requirement.requirement}'" for requirement in missing)
    return f"{why} ({entry.distribution} {'; '.join(map(str, missing))})", f"Fix: pip install {wanted}. {DETAILS}"


def _load_error(entry: PluginEntry, what: str, error: BaseException) -> PluginLoadError:
    why, fix = explain(entry, error)
    return PluginLoadError(f"{entry} {what}", why=why, fix=UNAFFECTED + fix, **entry.where())


def _contract_error(entry: PluginEntry, why: str, fix: str) -> PluginContractError:
    return PluginContractError(
        f"{entry} does not keep the plugin contract", why=why, fix=f"{fix}. {DETAILS}".lstrip(". "), **entry.where()
    )


def _upgrade(entry: PluginEntry) -> str:
    if not entry.distribution:
        return "Correct the class"
    return f"Is there a version that does? pip install -U {entry.distribution}"
