"""The entry points of the group ``trouplet.hooks``: ``cache`` and ``record``."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet.plugin_context import PluginContext
    from trouplet.scope import Scope
    from trouplet_cache.disk_store import DiskStore
    from trouplet_cache.response_cache import Call


class CachePlugin:
    """Answers requests from disk that were answered before. Its store is the kernel's resource ``response-cache``."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from trouplet_cache.disk_store import DiskStore
        from trouplet_cache.response_cache import CacheSettings, ResponseCache

        settings = CacheSettings.of(context.config)

        def make() -> DiskStore:
            path = settings.path or context.cache_dir() / "answers.sqlite3"
            return DiskStore(path, max_entries=settings.max_entries, max_bytes=settings.max_bytes)

        self._cache = ResponseCache(context.resource("response-cache", make, DiskStore.aclose), settings)

    @hookimpl
    def wrap_model_call(self, call_next: Call, scope: Scope) -> Call:
        """Look into the store before each call."""
        return self._cache.calls(call_next, scope)


class RecordPlugin:
    """Records model calls to a file, or replays them from it."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        from trouplet_cache.recorder import Recorder

        self._recorder = Recorder(context.config)

    @hookimpl
    def wrap_model_call(self, call_next: Call, scope: Scope) -> Call:
        """Record each call, or replay it."""
        return self._recorder.calls(call_next, scope)
