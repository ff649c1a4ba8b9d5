"""Finds what a block of code leaves behind: tasks, threads, file descriptors and processes.

Processes are found in two ways: children of this process, and any process that carries the check's random marker in
its environment, wherever it has been moved to. A tool that starts processes with an environment of its own has to be
given the marker (``check.environment``) to be seen after it has detached itself. Descriptors and processes are read
from ``/proc``; where there is none (macOS, Windows), only tasks and threads are checked.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

MARKER = "TROUPLET_LEAK_MARKER"
"""The environment variable that holds the marker while a check is active."""

_PROC = Path("/proc")
_OURS = "leak-check"
_WORKER_FILE = str(Path("concurrent", "futures", "thread.py"))


class LeakFound(AssertionError):
    """Something was still there when the block had ended; ``leaks`` says what, one line each."""

    def __init__(self, leaks: list[str]) -> None:
        self.leaks = leaks
        super().__init__(f"{len(leaks)} left behind:" + "".join([f"\n  {leak}" for leak in leaks]))


class LeakCheck:
    """An async context manager that raises ``LeakFound`` when its block leaves something behind.

    What is on its way out gets ``grace`` seconds to go. After an error of the block itself nothing is checked.
    """

    def __init__(self, *, grace: float = 5.0) -> None:
        self.marker = secrets.token_hex(16)
        self._grace = grace
        self._outer_marker: str | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._threads: set[threading.Thread] = set()
        self._files: dict[int, str] = {}
        self._children: set[int] = set()

    @property
    def environment(self) -> dict[str, str]:
        """What to add to the environment of a process that does not inherit this one's."""
        return {MARKER: self.marker}

    async def __aenter__(self) -> Self:
        self._files, self._children = await run_in_thread(lambda: (_open_files(), _children()), name=_OURS)
        self._tasks = set(asyncio.all_tasks())
        self._threads = _busy_threads()
        self._outer_marker = os.environ.get(MARKER)
        os.environ[MARKER] = self.marker
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._outer_marker is None:
            os.environ.pop(MARKER, None)
        else:
            os.environ[MARKER] = self._outer_marker
        if error is None:
            await self.assert_clean()

    async def assert_clean(self) -> None:
        """Raise ``LeakFound`` for what is still there after the grace; may be called within the block, too."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._grace
        pause = 0.005
        await asyncio.sleep(0)
        while leaks := await self.leaks():
            if loop.time() >= deadline:
                raise LeakFound(leaks)
            gc.collect()  # a descriptor may belong to an object in a reference cycle
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.2)

    async def leaks(self) -> list[str]:
        """Return what is there now and was not at the beginning, one line each."""
        # Reading /proc comes first: it gives a thread that was handed work just now the time to begin.
        system = await run_in_thread(lambda: [*self._new_files(), *self._new_processes()], name=_OURS)
        return [*self._new_tasks(), *self._new_threads(), *system]

    def _new_tasks(self) -> Iterator[str]:
        for task in asyncio.all_tasks() - self._tasks - {asyncio.current_task()}:
            yield f"task {task.get_name()}: {task.get_coro()!r}"

    def _new_threads(self) -> Iterator[str]:
        for thread in _busy_threads() - self._threads:
            yield f"thread {thread.name}"

    def _new_files(self) -> Iterator[str]:
        for number, target in _open_files().items():
            if self._files.get(number) != target:
                yield f"file descriptor {number}: {target}"

    def _new_processes(self) -> Iterator[str]:
        for pid in sorted((_children() - self._children) | set(_marked(self.marker))):
            line = _command(pid)
            if line is not None:
                yield f"process {pid}: {line}"


def _busy_threads() -> set[threading.Thread]:
    """Return the threads without those of executors that wait for work: they end with their executor."""
    frames = sys._current_frames()
    return {
        thread
        for thread in threading.enumerate()
        if not thread.name.endswith(_OURS)
        and not ((frame := frames.get(thread.ident or 0)) and frame.f_code.co_filename.endswith(_WORKER_FILE))
    }


def _open_files() -> dict[int, str]:
    files = {}
    folder = _PROC / "self" / "fd"
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            files[int(entry.name)] = str(entry.readlink())
        except OSError:  # the descriptor of the listing itself, closed by now
            continue
    return files


def _children() -> set[int]:
    me = str(os.getpid())
    return {pid for pid in _processes() if _stat(pid)[1:2] == [me]}


def _stat(pid: int) -> list[str]:
    """Return state, parent and so on of a process; empty when it is gone. The name before them may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _processes() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if _PROC.is_dir() else []


def _marked(marker: str) -> Iterator[int]:
    wanted = f"{MARKER}={marker}".encode()
    for pid in _processes():
        try:
            if pid != os.getpid() and wanted in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                yield pid
        except OSError:  # gone, or somebody else's
            continue


def _command(pid: int) -> str | None:
    """Return a process's state and command line, None when it is gone."""
    state = _stat(pid)[:1]
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    return f"{command or 'exited, not waited for'} (state {state[0]})" if state else None
