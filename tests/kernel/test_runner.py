"""``run()``: an event loop for a program, in which Ctrl-C interrupts the agents first."""

import signal
import subprocess
import sys

import pytest

from trouplet import run
from trouplet.errors import LoopRunning

PROGRAM = """
import asyncio
from trouplet import ReActAgent, run
from trouplet.model_io import TextChunk
from trouplet.testing import ScriptedModel

async def story(request):
    yield TextChunk("Once upon a time")
    print("started", flush=True)
    await asyncio.sleep(3600)

async def main():
    friday = ReActAgent("Friday", model=ScriptedModel([story]))
    reply = await friday("Tell me a story.")
    print(reply.status, reply.text, flush=True)
    await asyncio.sleep(3600 if {wait_afterwards} else 0)
    return 7

print(run(main()))
"""


def start(*, wait_afterwards: bool) -> subprocess.Popen[str]:
    program = PROGRAM.format(wait_afterwards=wait_afterwards)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_ctrl_c_interrupts_the_agent_and_not_the_program() -> None:
    with start(wait_afterwards=False) as process:
        assert line(process) == "started"
        process.send_signal(signal.SIGINT)
        assert line(process) == "interrupted Once upon a time"
        assert line(process) == "7"
        assert process.wait(30) == 0


def test_ctrl_c_ends_a_program_whose_agents_are_idle() -> None:
    with start(wait_afterwards=True) as process:
        assert line(process) == "started"
        process.send_signal(signal.SIGINT)
        assert line(process) == "interrupted Once upon a time"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode != 0
        assert errors.strip().endswith("KeyboardInterrupt")


async def test_inside_of_a_loop_the_error_says_what_to_type() -> None:
    async def main() -> None: ...

    with pytest.raises(LoopRunning, match=r"TP-401 .*await main\(\)"):
        run(main())


def test_the_result_and_the_errors_of_the_program_come_through() -> None:
    async def good() -> int:
        return 3

    async def bad() -> None:
        raise ValueError("no")

    assert run(good()) == 3
    with pytest.raises(ValueError, match="no"):
        run(bad())
