"""What model calls need not do twice: a store on disk, cached answers and embeddings, recorded exchanges for tests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_cache.cached_embedding import CachedEmbedding as CachedEmbedding
    from trouplet_cache.disk_store import DiskStore as DiskStore
    from trouplet_cache.plugin import CachePlugin as CachePlugin
    from trouplet_cache.plugin import RecordPlugin as RecordPlugin

_HOMES = {
    "CachePlugin": "plugin",
    "CachedEmbedding": "cached_embedding",
    "DiskStore": "disk_store",
    "RecordPlugin": "plugin",
}

__all__ = ["CachePlugin", "CachedEmbedding", "DiskStore", "RecordPlugin"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
