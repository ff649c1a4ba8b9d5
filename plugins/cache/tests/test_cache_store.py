"""The store on disk: bounds, damage, other processes, rights, and what making room costs."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trouplet.errors import BadSetting
from trouplet_cache import DiskStore
from trouplet_cache.store_file import StoreFile


def keys(*numbers):
    return [f"key {number}" for number in numbers]


async def test_what_was_put_is_there_also_for_another_store_on_the_file(store):
    await store().put_many({"a": b"1", "b": b"", "c": bytes(range(256))})
    assert await store().get_many(["a", "b", "c", "d", "a"]) == {"a": b"1", "b": b"", "c": bytes(range(256))}
    assert await store().get("d") is None
    assert await store().totals() == (3, 257)


async def test_putting_again_replaces_and_counts_once(store):
    kept = store()
    await kept.put("a", b"1234")
    await kept.put("a", b"12")
    assert (await kept.get("a"), await kept.totals()) == (b"12", (1, 2))


async def test_the_oldest_entries_make_room_in_number(store):
    kept = store(max_entries=3)
    for key in keys(1, 2, 3):
        await kept.put(key, b"x")
    await kept.put("key 1", b"new")
    await kept.put("key 4", b"x")
    assert sorted(await kept.get_many(keys(1, 2, 3, 4))) == keys(1, 3, 4)


async def test_the_oldest_entries_make_room_in_size(store):
    kept = store(max_bytes=100)
    await kept.put_many(dict.fromkeys(keys(1, 2, 3), b"x" * 30))
    await kept.put("key 4", b"x" * 65)
    assert sorted(await kept.get_many(keys(1, 2, 3, 4))) == keys(3, 4)
    assert await kept.totals() == (2, 95)


async def test_what_is_larger_than_the_store_is_left_out_and_pushes_nothing_out(store):
    kept = store(max_bytes=100)
    await kept.put("small", b"x")
    await kept.put("large", b"x" * 101)
    assert await kept.get_many(["small", "large"]) == {"small": b"x"}


async def test_of_what_is_put_at_once_the_last_entries_stay(store):
    kept = store(max_entries=3, max_bytes=100)
    await kept.put_many(dict.fromkeys(keys(*range(5)), b"x" * 10))
    assert sorted(await kept.get_many(keys(*range(5)))) == keys(2, 3, 4)
    await kept.put_many(dict.fromkeys(keys(7, 8), b"x" * 60))
    assert await kept.get_many(keys(2, 3, 4, 7, 8)) == {
        key: b"x" * size for key, size in (("key 3", 10), ("key 4", 10), ("key 8", 60))
    }


async def test_a_store_that_was_made_smaller_makes_room_with_the_next_entry(store):
    await store().put_many(dict.fromkeys(keys(*range(50)), b"x"))
    smaller = store(max_entries=5)
    await smaller.put("new", b"x")
    assert (await smaller.totals())[0] == 5


async def test_deleting_and_clearing_keep_the_totals(store):
    kept = store()
    await kept.put_many(dict.fromkeys(keys(1, 2, 3), b"xy"))
    await kept.delete(keys(1, 9))
    assert await kept.totals() == (2, 4)
    await kept.clear()
    assert (await kept.totals(), await kept.get_many(keys(2, 3))) == ((0, 0), {})


async def test_an_entry_expires(store):
    now = 1000.0
    kept = store(clock=lambda: now)
    await kept.put("short", b"x", ttl=10)
    await kept.put("long", b"x")
    now += 9.9
    assert await kept.get("short") == b"x"
    now += 0.1
    assert await kept.get_many(["short", "long"]) == {"long": b"x"}
    assert await kept.totals() == (1, 1)


def operations(monkeypatch, tmp_path, entries):
    """How many instructions SQLite runs to write so many entries to a store that is full."""
    count = 0

    def tick():
        nonlocal count
        count += 1

    connect = sqlite3.connect

    def counting(*arguments, **options):
        db = connect(*arguments, **options)
        db.set_progress_handler(tick, 1)
        return db

    kept = StoreFile(tmp_path / f"{entries}.sqlite3", max_entries=entries, max_bytes=2**30)
    kept.put({str(number): b"x" * 20 for number in range(entries)}, None)
    kept.close()
    monkeypatch.setattr(sqlite3, "connect", counting)
    for number in range(entries, 2 * entries):
        kept.put({str(number): b"x" * 20}, None)
    monkeypatch.undo()
    assert kept.totals()[0] == entries
    kept.close()
    return count


def test_making_room_is_linear_in_what_is_removed(monkeypatch, tmp_path):
    thousand = operations(monkeypatch, tmp_path, 1000)
    ten_thousand = operations(monkeypatch, tmp_path, 10_000)
    assert ten_thousand < 10.5 * thousand


async def test_a_damaged_entry_is_a_miss_and_is_removed(store, tmp_path):
    kept = store()
    await kept.put_many({"a": b"good", "b": b"good"})
    await kept.aclose()
    await asyncio.to_thread(execute, kept.path, "UPDATE entries SET value = 'evil' WHERE key = 'a'")
    assert await kept.get_many(["a", "b"]) == {"b": b"good"}
    assert await kept.totals() == (1, 4)


def execute(path, statement):
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
async def test_a_damaged_file_is_set_aside_and_an_empty_one_takes_its_place(store, damage, caplog):
    kept = store()
    await asyncio.to_thread(kept.path.parent.mkdir)
    await asyncio.to_thread(kept.path.write_bytes, damage)
    assert await kept.get("a") is None
    await kept.put("a", b"1")
    assert await kept.get("a") == b"1"
    assert await asyncio.to_thread(Path(f"{kept.path}.damaged").read_bytes) == damage
    assert "was damaged" in caplog.text


async def test_a_file_that_is_damaged_in_the_middle_does_not_stop_anybody(store):
    kept = store()
    await kept.put_many(dict.fromkeys(keys(*range(50)), b"x" * 3000))
    await kept.aclose()

    def spoil():
        size = kept.path.stat().st_size
        with kept.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xaa" * (size - 4096))

    await asyncio.to_thread(spoil)
    assert await kept.get_many(keys(*range(50))) == {}
    await kept.put("a", b"1")
    assert await kept.get("a") == b"1"


async def test_a_database_of_something_else_is_left_alone(store):
    kept = store()
    await asyncio.to_thread(kept.path.parent.mkdir)
    await asyncio.to_thread(execute, kept.path, "CREATE TABLE precious (x)")
    before = await asyncio.to_thread(kept.path.read_bytes)
    with pytest.raises(BadSetting, match="is a database of something else"):
        await kept.put("a", b"1")
    await kept.aclose()
    execute(kept.path, "SELECT * FROM precious")
    assert len(before) == kept.path.stat().st_size


async def test_a_store_that_cannot_be_written_is_an_empty_one(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    kept = DiskStore(tmp_path / "file" / "store.sqlite3")
    await kept.put("a", b"1")
    assert await kept.get("a") is None
    assert "cannot be used" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
async def test_only_the_user_can_read_it(store):
    kept = store()
    await kept.put("a", b"1")
    files = await asyncio.to_thread(lambda: list(kept.path.parent.iterdir()))
    assert {file.name for file in files} == {"store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


WRITER = """
import asyncio, sys
from trouplet_cache import DiskStore

async def main(path, name):
    store = DiskStore(path, max_entries=60)
    for number in range(100):
        await store.put(f"{name} {number}", (name * 100).encode())
        assert await store.get(f"{name} {number}") in (None, (name * 100).encode())
    await store.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_several_processes_write_at_once(store):
    kept = store(max_entries=60)
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(kept.path), name, stderr=subprocess.PIPE)
        for name in "abc"
    ]
    errors = [(await process.communicate())[1] for process in processes]
    assert errors == [b"", b"", b""]
    assert await kept.totals() == (60, 6000)
    found = await kept.get_many([f"{name} {number}" for name in "abc" for number in range(100)])
    assert len(found) == 60


KILLED = """
import os, sys
from pathlib import Path
from trouplet_cache.store_file import StoreFile

store = StoreFile(Path(sys.argv[1]), max_entries=100, max_bytes=10**9)
store.put({"whole": b"x" * 1000}, None)
with store._transaction() as db:
    store._delete(db, ["whole"])
    db.execute("INSERT INTO entries (key, value, checksum) VALUES ('half', 'x', 'x')")
    os._exit(1)
"""


async def test_a_process_that_dies_while_it_writes_leaves_what_was_there_before(store):
    kept = store()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(kept.path))
    assert await process.wait() == 1
    assert await kept.get_many(["whole", "half"]) == {"whole": b"x" * 1000}
    assert await kept.totals() == (1, 1000)


async def test_many_tasks_may_use_one_store(store):
    kept = store()
    await asyncio.gather(*[kept.put(key, os.urandom(50)) for key in keys(*range(100))])
    assert await kept.totals() == (100, 5000)
