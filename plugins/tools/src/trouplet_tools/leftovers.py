"""Finds and kills processes by a marker in their environment: the last resort when a supervisor has been killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MARKER = "TROUPLET_RUN"
"""The environment variable that every process of one run carries."""
ROUNDS = 50


def kill_marked(marker: str) -> None:
    """Kill every process of the run; without ``/proc`` nothing can be found. Blocks for some milliseconds."""
    for _ in range(ROUNDS):
        pids = marked(marker)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if not pids:
            return
        time.sleep(0.02)


def marked(marker: str) -> list[int]:
    """Return the processes that carry the marker."""
    needle = f"{MARKER}={marker}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if needle in variables:
            found.append(int(entry.parent.name))
    return found
