"""``DiskStore``: bytes by key on disk, bounded in number and size, shared by several processes."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from trouplet_cache.store_file import StoreFile, is_damage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

_log = logging.getLogger("trouplet_cache")

MAX_ENTRIES = 10_000
MAX_BYTES = 256 * 2**20


class DiskStore:
    """A store for what can be made again. The entries that were written first make room for new ones.

    All work is done in threads. A file that cannot be read or written (a full disk, a lock that is held for ten
    seconds) is like an empty store; the log says why. A damaged one is renamed to ``….damaged``, and an empty one
    takes its place. ``clock`` tells the time of day, by which entries expire.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self._file = StoreFile(self.path, max_entries=max_entries, max_bytes=max_bytes)
        self._clock = clock
        self._lock = threading.Lock()

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None."""
        return (await self.get_many([key])).get(key)

    async def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of those keys that are there."""
        wanted = list(dict.fromkeys(keys))
        return await self._in_thread(lambda: self._file.get(wanted, self._clock()), otherwise={})

    async def put(self, key: str, value: bytes, *, ttl: float | None = None) -> None:
        """Store a value, for ``ttl`` seconds if that is given."""
        await self.put_many({key: value}, ttl=ttl)

    async def put_many(self, values: Mapping[str, bytes], *, ttl: float | None = None) -> None:
        """Store several values in one transaction."""
        expires = None if ttl is None else self._clock() + ttl
        await self._in_thread(lambda: self._file.put(values, expires), otherwise=None)

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove entries."""
        gone = list(keys)
        await self._in_thread(lambda: self._file.delete(gone), otherwise=None)

    async def clear(self) -> None:
        """Remove everything."""
        await self._in_thread(self._file.clear, otherwise=None)

    async def totals(self) -> tuple[int, int]:
        """Return how many entries there are, and how many bytes their values have."""
        return await self._in_thread(self._file.totals, otherwise=(0, 0))

    async def aclose(self) -> None:
        """Let go of the file."""
        await self._in_thread(self._file.close, otherwise=None)

    async def _in_thread(self, work: Callable[[], T], *, otherwise: T) -> T:
        return await asyncio.to_thread(self._do, work, otherwise)

    def _do(self, work: Callable[[], T], otherwise: T) -> T:
        with self._lock:
            try:
                return work()
            except sqlite3.Error as error:
                self._failed(error)
            except OSError as error:
                _log.warning("%s cannot be used: %s", self.path, error)
            return otherwise

    def _failed(self, error: sqlite3.Error) -> None:
        if not is_damage(error):
            _log.warning("%s cannot be used: %s", self.path, error)
            return
        aside = self._file.set_aside()
        _log.warning("%s was damaged (%s) and is now %s", self.path, error, aside)
