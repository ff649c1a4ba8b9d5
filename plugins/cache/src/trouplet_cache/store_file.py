"""``StoreFile``: the SQLite file behind a store. Blocking; ``DiskStore`` is its asynchronous face.

SQLite, because it has what such a store needs and files of one's own do not: a transaction makes an entry and the
totals appear together, also to other processes; the oldest entries are the first of an index, so that making room
costs what is removed and not what is there; and it comes with Python. It keeps a write-ahead log without waiting for
the disk at each commit: a power failure may take the last entries with it, and damages none.

The entries' order is that in which they were written. Numbers and sizes are kept in a row of their own, changed in
the same transaction, so that nothing ever counts the entries.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_APPLICATION = 0x74726F75  # "trou"
_SCHEMA = """
    CREATE TABLE entries (
        place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, checksum BLOB NOT NULL, expires REAL
    );
    CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
    INSERT INTO totals VALUES (0, 0);
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BATCH = 500
"""Keys in one statement: older versions of SQLite take at most 999 parameters."""


class StoreFile:
    """Entries by key in the file ``path``, at most ``max_entries`` of them with ``max_bytes`` of values in all."""

    def __init__(self, path: Path, *, max_entries: int, max_bytes: int) -> None:
        self._path = path
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._db: sqlite3.Connection | None = None

    def get(self, keys: Sequence[str], now: float) -> dict[str, bytes]:
        """Return the values that are there. Entries that have expired or are damaged are removed."""
        found: dict[str, bytes] = {}
        useless: list[str] = []
        for batch in _batches(keys):
            marks = ",".join("?" * len(batch))
            rows = self._open().execute(
                f"SELECT key, value, checksum, expires FROM entries WHERE key IN ({marks})", batch
            )
            for key, value, checksum, expires in rows:
                if _is_whole(key, value, checksum) and (expires is None or now < expires):
                    found[key] = value
                else:
                    useless.append(key)
        if useless:
            self.delete(useless)
        return found

    def put(self, values: Mapping[str, bytes], expires: float | None) -> None:
        """Write entries, in place of the oldest ones; of more than the store can hold, the last ones."""
        fitting = self._fitting(values)
        size = sum([len(value) for _, value in fitting])
        with self._transaction() as db:
            self._delete(db, values)
            self._make_room(db, len(fitting), size)
            db.executemany(
                "INSERT INTO entries (key, value, checksum, expires) VALUES (?, ?, ?, ?)",
                [(key, value, _checksum(key, value), expires) for key, value in fitting],
            )
            _add_to_totals(db, len(fitting), size)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove entries."""
        with self._transaction() as db:
            self._delete(db, keys)

    def clear(self) -> None:
        """Remove everything."""
        with self._transaction() as db:
            db.execute("DELETE FROM entries")
            db.execute("UPDATE totals SET entries = 0, bytes = 0")

    def totals(self) -> tuple[int, int]:
        """Return how many entries there are, and how many bytes their values have."""
        entries, size = self._open().execute("SELECT entries, bytes FROM totals").fetchone()
        return entries, size

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def set_aside(self) -> Path:
        """Rename a damaged file, so that an empty one takes its place."""
        self.close()
        aside = Path(f"{self._path}.damaged")
        for ending in ("-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        if self._path.exists():
            self._path.replace(aside)
        return aside

    def _delete(self, db: sqlite3.Connection, keys: Iterable[str]) -> None:
        removed = size = 0
        for key in keys:
            row = db.execute("SELECT place, length(value) FROM entries WHERE key = ?", (key,)).fetchone()
            if row is not None:
                db.execute("DELETE FROM entries WHERE place = ?", row[:1])
                removed, size = removed + 1, size + row[1]
        _add_to_totals(db, -removed, -size)

    def _fitting(self, values: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
        kept: list[tuple[str, bytes]] = []
        size = 0
        for key, value in reversed(list(values.items())):
            if len(kept) < self._max_entries and size + len(value) <= self._max_bytes:
                kept.append((key, value))
                size += len(value)
        return kept[::-1]

    def _make_room(self, db: sqlite3.Connection, entries: int, size: int) -> None:
        """Remove the oldest entries until so many more of this size fit."""
        held, held_size = db.execute("SELECT entries, bytes FROM totals").fetchone()
        surplus, excess = held + entries - self._max_entries, held_size + size - self._max_bytes
        if surplus <= 0 and excess <= 0:
            return
        removed = freed = last = 0
        for place, length in db.execute("SELECT place, length(value) FROM entries ORDER BY place"):
            if removed >= surplus and freed >= excess:
                break
            removed, freed, last = removed + 1, freed + length, place
        db.execute("DELETE FROM entries WHERE place <= ?", (last,))
        _add_to_totals(db, -removed, -freed)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._open()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            if db.in_transaction:  # SQLite has ended it itself when the disk is full
                db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same rights
            self._db = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(self._db)
            except BaseException:
                self.close()
                raise
        return self._db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {4 * 2**20}")
        with self._transaction():
            if db.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION:
                return
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise BadSetting(f"{self._path} is a database of something else", fix="Give the store another path")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {_APPLICATION}")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file is not, or no longer, a database."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def _add_to_totals(db: sqlite3.Connection, entries: int, size: int) -> None:
    db.execute("UPDATE totals SET entries = entries + ?, bytes = bytes + ?", (entries, size))


def _is_whole(key: str, value: object, checksum: object) -> bool:
    return isinstance(value, bytes) and _checksum(key, value) == checksum


def _checksum(key: str, value: bytes) -> bytes:
    return blake2b(value, digest_size=16, key=key.encode()[:64]).digest()


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
