"""What the kernel's import costs beside that of the leanest peer, each alone in an environment of its own.

The environments are made once, in the user's cache folder, with the standard library's ``venv`` and pip; without a
package registry the comparison is skipped.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from measurement import HERE, Row, Skipped, duration, run_side

if TYPE_CHECKING:
    from measurement import Server

PEER = "agent-framework-core"
COMPARISONS = (
    ("import alone", "import agent_framework", "import trouplet"),
    ("its agent class", "from agent_framework import Agent", "from trouplet import Kernel, ReActAgent"),
)
KERNEL = HERE.parents[1] / "kernel"
PIP_DEADLINE = 300
COUNT_DISTRIBUTIONS = """
from importlib.metadata import distributions
print(len({distribution.name for distribution in distributions()} - {"pip", "setuptools"}))
"""


class PeerImport:
    """CPU time of a process that imports the kernel ÷ that of one that imports the peer."""

    name = "import-peer"

    def rows(self, _server: Server, repeats: int) -> list[Row]:
        peer, ours = environment("peer", PEER), environment("kernel", str(KERNEL), refresh=True)
        rows = [self._compare(title, (peer, theirs), (ours, own), repeats) for title, theirs, own in COMPARISONS]
        installed = Row(
            self.name,
            "distributions with the kernel alone",
            float(distributions(ours)),
            unit="",
            aim=11,
            floor=f"{distributions(peer)} (peer)",
        )
        return [*rows, installed]

    def _compare(self, title: str, theirs: tuple[Path, str], own: tuple[Path, str], repeats: int) -> Row:
        import_seconds(*theirs), import_seconds(*own)
        pairs = [(import_seconds(*theirs), import_seconds(*own)) for _ in range(repeats)]
        ratios = [ours / peer for peer, ours in pairs]
        return Row(
            self.name,
            f"{title} ÷ {PEER}'s",
            median(ratios),
            aim=1.0,
            low=min(ratios),
            high=max(ratios),
            quiet=min(ours for _, ours in pairs) / min(peer for peer, _ in pairs),
            floor=duration(median([peer for peer, _ in pairs])),
            ours=duration(median([ours for _, ours in pairs])),
        )


def environment(name: str, requirement: str, *, refresh: bool = False) -> Path:
    """Return the interpreter of an environment that holds one requirement, made if it is not there."""
    folder = cache_folder() / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if complete.exists() and not refresh:
        return python
    if not complete.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", requirement])
    else:
        _run([str(python), "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", requirement])
    complete.touch()
    return python


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "trouplet-bench"


def import_seconds(python: Path, statement: str) -> float:
    """CPU seconds of a fresh interpreter that runs one statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_side([str(python), "-c", statement], "")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def distributions(python: Path) -> int:
    return int(run_side([str(python), "-c", COUNT_DISTRIBUTIONS], ""))


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        raise Skipped(f"{' '.join(command)} took more than {PIP_DEADLINE} s") from None
    if done.returncode:
        raise Skipped(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
