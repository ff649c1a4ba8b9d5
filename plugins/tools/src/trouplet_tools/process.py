"""Runs a program to its end, or ends it: with its whole tree, its output kept within bounds.

``run_process`` is for programs that nobody vouches for. Limits: a process that another service starts for the
command (a container daemon, ``systemd-run``, ``at``) is not below it and is not ended, nor is one that has become
another user's; and on systems other than Linux a process that makes a session of its own escapes.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trouplet.errors import ToolError
from trouplet_tools.supervised import SupervisedProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet_tools.output import Output

OUTPUT_LIMIT = 30_000
"""Bytes of each stream that are kept; both streams together fit what the kernel gives to a model."""
BYTE_CAP = 100 * 1024 * 1024
"""Bytes of output in all after which a program is ended."""


@dataclass(slots=True)
class ProcessResult:
    """How a program ended, and what it wrote.

    ``returncode`` is negative for a signal. ``ending`` says why it ended: by itself (``exited``), at the time-out,
    at the cap on output bytes (``overflow``), or because its supervisor was killed (``lost``: the exit code is not
    known). ``stragglers`` counts the processes that it left behind and that were ended.
    """

    returncode: int
    stdout: Output
    stderr: Output
    ending: Literal["exited", "timeout", "overflow", "lost"]
    stragglers: int = 0


async def run_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    output_limit: int = OUTPUT_LIMIT,
    byte_cap: int = BYTE_CAP,
    interpreter: str = sys.executable,
) -> ProcessResult:
    """Run ``argv`` with exactly this environment in a session of its own, and return how it ended.

    When this returns or raises, the program and everything that it has started is gone: also what runs in the
    background, has forked twice, has a session of its own or ignores signals; also when the caller is cancelled;
    and when the calling process is killed. Nothing waits for a pipe that somebody keeps open. ``interpreter`` is
    the Python that supervises.

    Raises OSError when the program cannot be started and ValueError for arguments that no process can have.
    """
    if os.name != "posix":
        raise ToolError("programs can be run on POSIX systems only", fix="On Windows, use WSL")
    process = SupervisedProcess(output_limit=output_limit, byte_cap=byte_cap)
    try:
        await process.start(argv, cwd=cwd, env=env, stdin=stdin, interpreter=interpreter)
        await asyncio.wait({process.ended}, timeout=_finite(timeout))
    finally:
        await process.close()
    return _result(process, argv[0])


def _finite(timeout: float | None) -> float | None:
    return None if timeout is None or math.isinf(timeout) else timeout


def _result(process: SupervisedProcess, program: str) -> ProcessResult:
    stdout, stderr = process.stdout.collected.output(), process.stderr.collected.output()
    if not process.report:
        return ProcessResult(-1, stdout, stderr, "lost")
    how, code, *stragglers = process.report.decode().split()[:3]
    if how == "failed":
        raise OSError(int(code), os.strerror(int(code)), program)
    return ProcessResult(int(code), stdout, stderr, _ending(how, process.overflowed), int(stragglers[0]))


def _ending(how: str, overflowed: bool) -> Literal["exited", "timeout", "overflow"]:
    if overflowed:
        return "overflow"
    return "exited" if how == "exited" else "timeout"
