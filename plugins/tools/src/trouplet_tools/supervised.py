"""The host's side of one supervised process: its pipes, its supervisor's socket, and the moment when all is over.

Nothing here waits for a child with signals or watcher threads: the end of a process is the end of its supervisor's
socket. What a program has written is read as it comes, and what does not fit is dropped, so that no pipe ever fills
up.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet_tools.blocking import outlast, to_the_end
from trouplet_tools.leftovers import MARKER, kill_marked
from trouplet_tools.output import HeadAndTail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SUPERVISOR = Path(__file__).with_name("child") / "supervisor.py"
CHUNK = 64 * 1024
PATIENCE = 6.0
"""Seconds that a supervisor may take to end a tree before it is killed itself; it gives up by itself before that."""
DRAIN = 0.5
"""Seconds to go on reading when all is over: only a process outside the tree can still hold a pipe open."""


class PipeReader:
    """The reading end of a pipe, read whenever there is something and kept in bounded memory."""

    def __init__(self, limit: int, on_read: Callable[[int], object], on_end: Callable[[], object]) -> None:
        self.collected = HeadAndTail(limit)
        self.fd, self.far_end = os.pipe()
        os.set_blocking(self.fd, False)
        self.is_open = True
        self._on_read = on_read
        self._on_end = on_end

    def read(self) -> None:
        """Take in what is there; called by the loop."""
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self.collected.feed(chunk)
            self._on_read(len(chunk))
        else:
            self.close()
            self._on_end()

    def close(self) -> None:
        """Stop reading."""
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self.fd)
            os.close(self.fd)


class SupervisedProcess:
    """A command under a supervisor of its own, from its start to the end of everything that it has started."""

    def __init__(self, *, output_limit: int, byte_cap: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.overflowed = False
        self.report = b""
        self._byte_cap = byte_cap
        self._bytes_read = 0
        self._stopped = False
        self._marker = secrets.token_hex(16)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        with ExitStack() as opened:
            self.stdout = self._open_pipe(opened, output_limit)
            self.stderr = self._open_pipe(opened, output_limit)
            self._control, self._far_control = socket.socketpair()
            self._control.setblocking(False)
            self._control_open = True
            opened.pop_all()

    def _open_pipe(self, opened: ExitStack, limit: int) -> PipeReader:
        pipe = PipeReader(limit, self._count, self._settle)
        opened.callback(os.close, pipe.fd)
        opened.callback(os.close, pipe.far_end)
        return pipe

    async def start(
        self, argv: Sequence[str], *, cwd: str | None, env: Mapping[str, str], stdin: bytes, interpreter: str
    ) -> None:
        """Start the supervisor, which starts the command; raises OSError or ValueError when that cannot be."""
        supervisor = [interpreter, "-I", "-S", str(SUPERVISOR), str(self._far_control.fileno()), str(os.getpid())]
        env = {**env, MARKER: self._marker}
        try:
            await to_the_end(lambda: self._spawn([*supervisor, *argv], cwd, env, stdin))
        finally:
            self._far_control.close()
            os.close(self.stdout.far_end)
            os.close(self.stderr.far_end)
            if self._supervisor is None:
                self._let_go()
            else:
                self._watch()

    def _spawn(self, argv: Sequence[str], cwd: str | None, env: Mapping[str, str], stdin: bytes) -> None:
        with tempfile.TemporaryFile() if stdin else Path(os.devnull).open("rb") as source:
            if stdin:
                source.write(stdin)
                source.seek(0)
            self._supervisor = subprocess.Popen(
                argv,
                stdin=source,
                stdout=self.stdout.far_end,
                stderr=self.stderr.far_end,
                pass_fds=(self._far_control.fileno(),),
                cwd=cwd,
                env=env,
                start_new_session=True,
            )

    def _watch(self) -> None:
        for pipe in (self.stdout, self.stderr):
            self._loop.add_reader(pipe.fd, pipe.read)
        self._loop.add_reader(self._control, self._read_control)

    def _count(self, size: int) -> None:
        self._bytes_read += size
        if self._bytes_read > self._byte_cap and not self.overflowed:
            self.overflowed = True
            self.stdout.close()
            self.stderr.close()
            self.stop()

    def _read_control(self) -> None:
        try:
            received = self._control.recv(1024)
        except (BlockingIOError, InterruptedError):
            return
        except ConnectionResetError:
            received = b""
        self.report += received
        if not received:
            self._close_control()
            self._timers.append(self._loop.call_later(DRAIN, self._let_go))
            self._settle()

    def _settle(self) -> None:
        """Note the end when the supervisor is gone and nothing is left to read."""
        if not (self._control_open or self.stdout.is_open or self.stderr.is_open) and not self.ended.done():
            self.ended.set_result(None)

    def stop(self) -> None:
        """Ask the supervisor to end the tree; does nothing when that has been asked or is over."""
        if self._stopped or not self._control_open or self._supervisor is None:
            return
        self._stopped = True
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with suppress(ProcessLookupError):
            self._supervisor.send_signal(signal.SIGCONT)  # the command may have stopped its supervisor
        self._timers.append(self._loop.call_later(PATIENCE, self._supervisor.kill))

    async def close(self) -> None:
        """End the tree, wait until it is gone and let go of everything, even when cancelled meanwhile."""
        self.stop()
        try:
            await outlast(self.ended)
        finally:
            for timer in self._timers:
                timer.cancel()
            await to_the_end(self._collect)

    def _collect(self) -> None:
        """Reap the supervisor; if it ended without a report, somebody killed it and its tree may be alive."""
        if self._supervisor is None:
            return
        self._supervisor.wait()
        if not self.report:
            kill_marked(self._marker)

    def _close_control(self) -> None:
        if self._control_open:
            self._control_open = False
            self._loop.remove_reader(self._control)
            self._control.close()

    def _let_go(self) -> None:
        """Close what is open on this side."""
        self._close_control()
        self.stdout.close()
        self.stderr.close()
        self._settle()
