"""Runs one command and outlives all that it starts: whatever happens, no process of the command's is left behind.

Started as a script by ``trouplet_tools.supervised``, with a socket to the host. It ends the whole tree when the
command has ended, when the host asks for it (by shutting its side of the socket down) and when the host is gone,
even by ``kill -9``. It reports one line, ``exited`` or ``stopped`` with the exit code and the number of processes
that the command left running, or ``failed`` with an errno when the command could not be started.

On Linux it is a child subreaper: a process whose parent has died becomes its child, double-forked or not and in
whatever session, so that "I have no children" means exactly "nothing is left". Elsewhere it can only end the
process group of the command, and a process that makes a session of its own escapes.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

TERM_GRACE = 0.3
"""Seconds between asking processes to end and killing them."""
KILL_PATIENCE = 4.0
"""Seconds after which processes that cannot be killed (another user's, or stuck in the kernel) are given up."""


class Supervisor:
    """The supervision of one command."""

    def __init__(self, control: int, host: int) -> None:
        self.control = control
        self.code: int | None = None
        self.command = 0
        self.childless = False
        self.reaps_orphans = LINUX and os.access("/proc/self/stat", os.R_OK) and _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._events = select.poll()
        self._children_changed = _child_signals()
        self._events.register(self._children_changed, select.POLLIN)
        self._host_fds = {control, *_host_exit(host)}
        for fd in self._host_fds:
            self._events.register(fd, select.POLLIN)
        self._must_stop = os.getppid() != host

    def run(self, argv: list[str]) -> None:
        """Start the command, wait for its end or the host's, end the tree and report."""
        self.command = self._start(argv)
        _let_go_of_standard_streams()
        stopped = not self._wait_for_command()
        stragglers = self._end_tree()
        code = -signal.SIGKILL if self.code is None else self.code
        self._report(f"{'stopped' if stopped else 'exited'} {code} {stragglers}")

    def _start(self, argv: list[str]) -> int:
        supervisor = os.getpid()
        command = os.fork()
        if command:
            return command
        try:
            os.setsid()
            if self.reaps_orphans and _prctl(PR_SET_PDEATHSIG, signal.SIGKILL) and os.getppid() != supervisor:
                os._exit(127)
            for number in IGNORED | {signal.SIGPIPE, signal.SIGXFSZ}:
                signal.signal(number, signal.SIG_DFL)
            os.execvp(argv[0], argv)
        except OSError as error:
            self._report(f"failed {error.errno}")
        finally:
            os._exit(127)

    def _wait_for_command(self) -> bool:
        """Return True when the command has ended, False when the host wants an end or is gone."""
        while not self._must_stop:
            self._reap()
            if self.code is not None:
                return True
            self._sleep(None)
        return False

    def _sleep(self, seconds: float | None) -> None:
        """Wait until a child changes or the host speaks, at most so many seconds."""
        for fd, _ in self._events.poll(None if seconds is None else seconds * 1000):
            if fd in self._host_fds:
                self._must_stop = True
                self._events.unregister(fd)
            else:
                os.read(fd, 4096)

    def _reap(self) -> None:
        """Collect every child that has ended, the command and adopted ones."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if pid == self.command:
                    self.code = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            self.childless = True

    def _end_tree(self) -> int:
        """End all that is left: politely, then not. Returns the number of processes besides the command."""
        if self._is_gone():
            return 0
        found = self._signal(signal.SIGTERM)
        self._await_end(TERM_GRACE)
        deadline = time.monotonic() + KILL_PATIENCE
        while not self._is_gone() and time.monotonic() < deadline:
            found |= self._kill()
            self._await_end(0.05)
        return len(found - {self.command, -self.command})

    def _is_gone(self) -> bool:
        self._reap()
        return self.childless and (self.reaps_orphans or not self._tree())

    def _await_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_gone() and (left := deadline - time.monotonic()) > 0:
            self._sleep(min(left, 0.05))

    def _kill(self) -> set[int]:
        """Kill the tree; on Linux it is frozen first, so that nothing forks away from the killing."""
        frozen: set[int] = set()
        while self.reaps_orphans and (fresh := self._tree() - frozen):
            frozen |= fresh
            _send(fresh, signal.SIGSTOP)
        return frozen | self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> set[int]:
        tree = self._tree()
        _send(tree, number)
        return tree

    def _tree(self) -> set[int]:
        """The processes to end: all descendants, or the command's process group where they cannot be known."""
        if self.reaps_orphans:
            return descendants(os.getpid())
        try:
            os.killpg(self.command, 0)
        except (ProcessLookupError, PermissionError):
            return set()
        return {-self.command}

    def _report(self, line: str) -> None:
        try:
            os.write(self.control, line.encode() + b"\n")
        except OSError:
            return  # the host is gone: nobody wants to know


IGNORED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
"""What a command may send to its parent by mistake; only the host ends a supervisor."""


def descendants(ancestor: int) -> set[int]:
    """Return the processes below one, zombies left out."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  # pathlib would double the time to start
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        children.setdefault(int(parent), []).append(int(name))
        if state == b"Z":
            zombies.add(int(name))
    found: set[int] = set()
    frontier = [ancestor]
    while frontier:
        fresh = children.get(frontier.pop(), [])
        found.update(fresh)
        frontier += fresh
    return found - zombies


def _send(targets: set[int], number: int) -> None:
    for pid in targets:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _prctl(option: int, value: int) -> bool:
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def _host_exit(host: int) -> set[int]:
    """Return a descriptor that becomes readable when the host has died, where there is such a thing.

    The socket alone is not enough: a host that has forked leaves a copy of its side open.
    """
    try:
        return {os.pidfd_open(host)}
    except (OSError, AttributeError):
        return set()


def _child_signals() -> int:
    """Return a descriptor that becomes readable when a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return reader


def _let_go_of_standard_streams() -> None:
    """Close this process's copies of the command's streams: the host waits for their end."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def main(control: int, host: int, argv: list[str]) -> None:
    """Supervise the command ``argv`` for the process ``host``."""
    os.set_inheritable(control, False)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    Supervisor(control, host).run(argv)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
