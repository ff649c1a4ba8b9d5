"""What the tests of the tools share: a random marker that finds leftover processes at once, without any grace."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from trouplet_tools import CodeTools

VARIABLE = "TROUPLET_TEST_MARKER"


@dataclass(slots=True)
class Marker:
    """A random value in the environment, or on the command line, of every process of a test."""

    value: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def env(self) -> dict[str, str]:
        return {VARIABLE: self.value}

    def processes(self) -> list[psutil.Process]:
        """The living processes that carry the marker."""
        return [process for process in psutil.process_iter() if self._is_on(process)]

    def _is_on(self, process: psutil.Process) -> bool:
        try:
            carries = process.environ().get(VARIABLE) == self.value or self.value in process.cmdline()
            return carries and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError):
            return False

    def wait_for(self, condition: Callable[[list[psutil.Process]], bool], *, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not condition(found := self.processes()):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)


@pytest.fixture
def marker() -> Iterator[Marker]:
    """A marker; whatever carries it when the test ends is a failure, and is killed."""
    marker = Marker()
    yield marker
    left = marker.processes()
    for process in left:
        process.kill()
    assert not left


@pytest.fixture
def code(marker: Marker) -> CodeTools:
    """Code tools whose processes carry the marker."""
    return CodeTools(env=marker.env)
