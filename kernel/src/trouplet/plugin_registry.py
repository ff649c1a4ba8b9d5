"""The plugins that one kernel has loaded: each once, when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.discovery import KERNEL, PluginEntry, scan
from trouplet.errors import PluginError
from trouplet.loading import LoadedPlugin, check, load, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trouplet.plugin_context import PluginContext
    from trouplet.selection import Selection


class PluginRegistry:
    """Finds the plugin that owns a name and keeps its instance.

    A plugin that failed is not tried again: its error is raised to everybody who asks. ``registered`` is called with
    every plugin that is new. ``host`` holds the plugins that the host gave as classes or instances.
    """

    def __init__(
        self,
        selection: Selection,
        make_context: Callable[[str], PluginContext],
        builtins: Iterable[tuple[str, str, type]],
        registered: Callable[[LoadedPlugin], None],
    ) -> None:
        self.host: list[LoadedPlugin] = []
        self._selection = selection
        self._make_context = make_context
        self._builtins = {(kind, name): plugin_class for kind, name, plugin_class in builtins}
        self._registered = registered
        self._loaded: dict[tuple[str, str], LoadedPlugin] = {}
        self._failures: dict[tuple[str, str], PluginError] = {}

    def plugins(self) -> Sequence[LoadedPlugin]:
        """Return what is loaded, the host's plugins first, the others in the order in which they were asked for."""
        return [*self.host, *self._loaded.values()]

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind that may be asked for, sorted; imports no plugin."""
        allowed = [entry for entry in scan().entries if entry.kind == kind and not self._selection.refusal(entry)]
        return sorted({entry.name for entry in allowed} | {name for other, name in self._builtins if other == kind})

    def owner(self, kind: str, name: str) -> LoadedPlugin:
        """Return the plugin that owns a name, loaded if it is not; the kernel's own come first."""
        builtin = self._builtins.get((kind, name))
        if builtin is None:
            return self._installed(self._selection.choose(scan(), kind, name))
        entry = PluginEntry(kind, name, f"{builtin.__module__}:{builtin.__qualname__}", KERNEL, "")
        self._selection.check(entry)
        if entry.identity not in self._loaded:
            self._keep(LoadedPlugin(entry, builtin(self._make_context(name))))
        return self._loaded[entry.identity]

    def all_named(self, name: str) -> list[LoadedPlugin]:
        """Return the plugins of a bare name, one for each kind in which it may be used."""
        return [self._installed(entry) for entry in self._selection.choose_all(scan(), name)]

    def add_host_plugin(self, plugin: object) -> LoadedPlugin:
        """Add a class or an instance of the host's own."""
        plugin_class = plugin if isinstance(plugin, type) else type(plugin)
        target = f"{plugin_class.__module__}:{plugin_class.__qualname__}"
        entry = PluginEntry("hooks", plugin_class.__name__, target, "", "")
        if plugin is plugin_class:
            loaded = make(entry, plugin_class, lambda: self._make_context(entry.name))
        else:
            check(entry, plugin_class)
            loaded = LoadedPlugin(entry, plugin)
        self._registered(loaded)
        self.host.append(loaded)
        return loaded

    def _installed(self, entry: PluginEntry) -> LoadedPlugin:
        failure = self._failures.get(entry.identity)
        if failure is not None:
            raise failure.with_traceback(None)
        if entry.identity not in self._loaded:
            try:
                self._keep(load(entry, lambda: self._make_context(entry.name)))
            except PluginError as error:
                self._failures[entry.identity] = error
                raise
        return self._loaded[entry.identity]

    def _keep(self, loaded: LoadedPlugin) -> None:
        self._registered(loaded)
        self._loaded[loaded.entry.identity] = loaded
