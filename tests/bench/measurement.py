"""Measures pairs of fresh processes: the floor and the contender in turns, each by its CPU time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Self
from urllib.request import urlopen

HERE = Path(__file__).parent
WORKER_DEADLINE = 300


class BenchError(Exception):
    """A side failed, or the two sides did not do the same work."""


class Skipped(Exception):
    """The scenario cannot run here; the text says why."""


@dataclass(slots=True, frozen=True)
class Reading:
    """One run of one side."""

    seconds: float
    units: int
    returned: str
    requests: int
    body_bytes: int


@dataclass(slots=True, frozen=True)
class Row:
    """A line of the table. ``figure`` is what is compared with ``aim``; both are in ``unit`` (x: times the floor).

    ``low`` and ``high`` are the range of the pairs; ``quiet`` is the figure from the cheapest run of each side, which
    is close to what an idle machine shows: others can only add to a CPU time, through the caches that they share.
    """

    name: str
    title: str
    figure: float
    unit: str = "x"
    aim: float | None = None
    low: float | None = None
    high: float | None = None
    quiet: float | None = None
    floor: str = ""
    ours: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None when there is none."""
        return None if self.aim is None else self.figure <= self.aim


@dataclass(slots=True)
class Server:
    """The mock server in a process of its own; ends with the ``with`` block, or with this process."""

    _process: subprocess.Popen[str] = field(init=False)
    _address: str = field(init=False)

    def __enter__(self) -> Self:
        command = [sys.executable, str(HERE / "server.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._address = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=10)

    def base_url(self, script: str) -> str:
        return f"{self._address}/{script}/v1"

    def take_stats(self) -> dict[str, int]:
        """Return the number of requests and their bytes since the last time."""
        return dict(self._get("/stats"))

    def last_request(self) -> dict[str, object]:
        return dict(self._get("/last"))

    def _get(self, path: str) -> dict[str, object]:
        with urlopen(self._address + path, timeout=10) as response:
            return json.load(response)


@dataclass(slots=True, frozen=True)
class PairScenario:
    """A contender against the floor.

    ``script`` and ``size`` say what the server does, ``per`` what a unit of the measured section is; ``whole_process``
    counts the process instead of the section. Both sides must return the same and send the same amount.
    """

    name: str
    title: str
    module: str
    script: str
    size: int = 1
    per: str = "run"
    aim: float | None = None
    floor: str = "floor"
    ours: str = "ours"
    whole_process: bool = False
    repeats: int | None = None

    def rows(self, server: Server, repeats: int) -> list[Row]:
        """Measure the pairs, and check that both sides did the same."""
        if self.whole_process:
            self.read(self.floor, server), self.read(self.ours, server)
        pairs = [(self.read(self.floor, server), self.read(self.ours, server)) for _ in range(self.repeats or repeats)]
        for floor, ours in pairs:
            self.check(floor, ours)
        return [self._row(pairs)]

    def read(self, side: str, server: Server, *, profile: str = "") -> Reading:
        """Run one side in a fresh process."""
        server.take_stats()
        base_url = server.base_url(self.script)
        command = [sys.executable, str(HERE / "worker.py"), self.module, side, base_url, str(self.size)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = run_side([*command, profile] if profile else command, base_url)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures, _, returned = output.partition("\n")
        seconds, units = figures.split()
        whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Reading(
            whole if self.whole_process else float(seconds), int(units), returned.strip(), **server.take_stats()
        )

    def check(self, floor: Reading, ours: Reading) -> None:
        """Raise ``BenchError`` unless both did the same work."""
        if (floor.returned, floor.requests) != (ours.returned, ours.requests):
            raise BenchError(f"{self.name}: the sides did not do the same work: {floor} and {ours}")
        if floor.body_bytes and not 0.9 < ours.body_bytes / floor.body_bytes < 1.1:
            raise BenchError(
                f"{self.name}: the sides sent different requests: {floor.body_bytes} and {ours.body_bytes} bytes"
            )

    def _row(self, pairs: list[tuple[Reading, Reading]]) -> Row:
        ratios = [ours.seconds / floor.seconds for floor, ours in pairs]
        return Row(
            self.name,
            self.title,
            median(ratios),
            aim=self.aim,
            low=min(ratios),
            high=max(ratios),
            quiet=min(ours.seconds for _, ours in pairs) / min(floor.seconds for floor, _ in pairs),
            floor=self._cost([floor for floor, _ in pairs]),
            ours=self._cost([ours for _, ours in pairs]),
        )

    def _cost(self, readings: list[Reading]) -> str:
        return f"{duration(median([reading.seconds / reading.units for reading in readings]))}/{self.per}"


def run_side(command: list[str], base_url: str) -> str:
    """Run a command in a clean environment and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="trouplet-bench-") as home:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": home,
            "PYTHONHASHSEED": "0",
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_BASE_URL": base_url,
        }
        done = subprocess.run(
            command, env=environment, cwd=home, capture_output=True, text=True, timeout=WORKER_DEADLINE, check=False
        )
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def duration(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
