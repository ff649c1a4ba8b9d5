"""What each step of the budget table costs in instructions, as a ratio to the bare interpreter, counted by callgrind.

The counts hardly depend on the load of the machine, so that one run of each is enough.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurement import HERE, BenchError, Row, Skipped, run_side

if TYPE_CHECKING:
    from measurement import Server


@dataclass(slots=True, frozen=True)
class Step:
    """What a fresh interpreter does, and what it may cost."""

    title: str
    arguments: tuple[str, ...]
    aim: float


BARE = ("-c", "pass")
STEPS = (
    Step("import trouplet", ("-c", "import trouplet"), 1.3),
    Step("from trouplet.hooks import hookimpl", ("-c", "from trouplet.hooks import hookimpl"), 3.7),
    Step("python -m trouplet plugins list", ("-m", "trouplet", "plugins", "list"), 8),
    Step("Kernel() and a run on the scripted model", (str(HERE / "steps" / "scripted_run.py"),), 10),
    Step("the first HTTP provider, one call", (str(HERE / "steps" / "http_provider.py"),), 24),
)


class InstructionCosts:
    """The steps of the budget table, each ÷ the bare interpreter."""

    name = "instructions"

    def rows(self, server: Server, _repeats: int) -> list[Row]:
        if shutil.which("valgrind") is None:
            raise Skipped("valgrind is not installed")
        bare = instructions(BARE, server)
        return [self._row(step, instructions(step.arguments, server), bare) for step in STEPS]

    def _row(self, step: Step, counted: int, bare: int) -> Row:
        floor, ours = (f"{number / 1e6:.0f} M instr." for number in (bare, counted))
        return Row(self.name, step.title, counted / bare, aim=step.aim, floor=floor, ours=ours)


def instructions(arguments: tuple[str, ...], server: Server) -> int:
    """Count the instructions of a fresh interpreter whose bytecode files are there already."""
    base_url = server.base_url("hello")
    command = [sys.executable, *arguments]
    run_side(command, base_url)
    counter = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"]
    output = run_side([*counter, *command], base_url)
    found = re.search(r"Collected : (\d+)", output)
    if found is None:
        raise BenchError(f"callgrind counted nothing: {output[-500:]}")
    return int(found[1])
