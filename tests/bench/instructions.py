"""What each step of the budget table costs in instructions, as a ratio to the bare interpreter, counted by callgrind.

The counts hardly depend on the load of the machine, so that one run of each is enough.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measurement import HERE, BenchError, Row, Skipped, run_side

if TYPE_CHECKING:
    from measurement import Server


BARE = ("-c", "pass")


@dataclass(slots=True, frozen=True)
class InstructionCosts:
    """What a fresh interpreter spends on a step ÷ what the bare interpreter spends."""

    name: str
    title: str
    arguments: tuple[str, ...]
    aim: float

    def rows(self, server: Server, _repeats: int) -> list[Row]:
        if shutil.which("valgrind") is None:
            raise Skipped("valgrind is not installed")
        base_url = server.base_url("hello")
        bare, counted = instructions(BARE, ""), instructions(self.arguments, base_url)
        floor, ours = (f"{number / 1e6:.0f} M instr." for number in (bare, counted))
        return [Row(self.name, self.title, counted / bare, aim=self.aim, floor=floor, ours=ours)]


STEPS = (
    InstructionCosts("instr-import", "import trouplet", ("-c", "import trouplet"), 1.3),
    InstructionCosts("instr-hooks", "import the hook markers", ("-c", "from trouplet.hooks import hookimpl"), 3.7),
    InstructionCosts("instr-list", "python -m trouplet plugins list", ("-m", "trouplet", "plugins", "list"), 8),
    InstructionCosts("instr-scripted", "kernel, scripted run", (str(HERE / "steps" / "scripted_run.py"),), 10),
    InstructionCosts("instr-http", "kernel, HTTP provider, call", (str(HERE / "steps" / "http_provider.py"),), 24),
)
"""The table of budgets."""


@cache
def instructions(arguments: tuple[str, ...], base_url: str) -> int:
    """Count the instructions of a fresh interpreter whose bytecode files are there already."""
    command = [sys.executable, *arguments]
    run_side(command, base_url)
    with TemporaryDirectory() as folder:  # callgrind replaces its output file: root would lose a device
        counter = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/profile", "--log-fd=1"]
        output = run_side([*counter, *command], base_url)
    found = re.search(r"Collected : (\d+)", output)
    if found is None:
        raise BenchError(f"callgrind counted nothing: {output[-500:]}")
    return int(found[1])
