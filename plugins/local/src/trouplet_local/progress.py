"""How long work shows itself: a bar on a terminal, plain lines elsewhere, or not at all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import TextIO

_WIDTH = 28
_MEGABYTE = 1_000_000


class Progress(Protocol):
    """Where long work reports to. Sizes are in bytes."""

    def update(self, task: str, done: int, total: int) -> None:
        """The task has got so far."""
        ...

    def say(self, line: str) -> None:
        """Something that the user should know."""
        ...


class NoProgress:
    """Shows nothing."""

    def update(self, task: str, done: int, total: int) -> None:
        """Ignore it."""

    def say(self, line: str) -> None:
        """Ignore it."""


class LineProgress:
    """Prints a line for every tenth of a task."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last: tuple[str, int] = ("", -1)

    def update(self, task: str, done: int, total: int) -> None:
        """Print a line when another tenth is done."""
        tenth = 10 * done // total if total else 10
        if (task, tenth) != self._last:
            self._last = (task, tenth)
            self.say(f"{task}: {10 * tenth} % of {_size(total)}")

    def say(self, line: str) -> None:
        """Print the line."""
        print(line, file=self._out, flush=True)


class BarProgress:
    """Draws one bar per task, with its speed, on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._task = ""
        self._begun = (0.0, 0)
        self._drawn = 0.0
        self._open = False

    def update(self, task: str, done: int, total: int) -> None:
        """Redraw the bar, at most ten times a second."""
        now = time.monotonic()
        if task != self._task:
            self._end_line()
            self._task, self._begun, self._drawn = task, (now, done), 0.0
        if now - self._drawn < 0.1 and done < total:
            return
        self._drawn = now
        filled = _WIDTH * done // total if total else _WIDTH
        bar = "━" * filled + "╌" * (_WIDTH - filled)
        self._out.write(f"\r{task}  {bar}  {_size(done)} of {_size(total)}  {self._speed(now, done)}\x1b[K")
        self._out.flush()
        self._open = True

    def say(self, line: str) -> None:
        """Print the line below the bar."""
        self._end_line()
        print(line, file=self._out, flush=True)

    def _speed(self, now: float, done: int) -> str:
        seconds = now - self._begun[0]
        return f"{(done - self._begun[1]) / seconds / _MEGABYTE:.0f} MB/s" if seconds > 0.5 else ""

    def _end_line(self) -> None:
        if self._open:
            print(file=self._out, flush=True)
            self._open = False


def progress_on(out: TextIO) -> Progress:
    """Return what suits a stream."""
    return BarProgress(out) if out.isatty() else LineProgress(out)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / _MEGABYTE:.0f} MB"
