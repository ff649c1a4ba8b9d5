"""Nothing that a command starts outlives it, however it tries and however it ends."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from trouplet_tools import CodeTools
from trouplet_tools.environment import minimal_environment
from trouplet_tools.process import run_process

PRELUDE = """
import os, signal, subprocess, sys, time

READY = os.pipe()

def linger(stubborn=False, session=False, silent=False):
    if session: os.setsid()
    if stubborn:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
    os.write(1, b"ready ")
    os.write(READY[1], b"r")
    if silent: os.closerange(0, 3)
    time.sleep(600)

def fork(times, **how):
    if os.fork(): return
    for _ in range(times - 1):
        if os.fork(): os._exit(0)
    linger(**how)

def forget():
    source = "import os, sys, time; print('ready', flush=True); os.write(int(sys.argv[2]), b'r'); time.sleep(600)"
    marker = os.environ["TROUPLET_TEST_MARKER"]
    subprocess.Popen([sys.executable, "-c", source, marker, str(READY[1])], env={}, pass_fds=[READY[1]])

def wait_ready(): os.read(READY[0], 1)
"""
DESCENDANTS = {
    "background": "fork(1)",
    "double-forked": "fork(2)",
    "own session": "fork(1, session=True)",
    "ignores TERM": "fork(1, stubborn=True)",
    "daemon": "fork(3, stubborn=True, session=True)",
    "silent daemon": "fork(2, stubborn=True, session=True, silent=True)",
    "whole family": "[fork(n % 3 + 1, stubborn=bool(n % 2), session=bool(n % 5)) for n in range(12)]",
    "stopped": "fork(2, session=True); os.system('sleep 600 & kill -STOP $!')",
    "cleared environment": "forget()",
}
ALL = pytest.mark.parametrize("start", DESCENDANTS.values(), ids=DESCENDANTS.keys())


@ALL
async def test_a_time_out_ends_every_descendant(code, marker, leak_check, start):
    started = time.monotonic()
    text = await code.execute_python_code(f"{PRELUDE}{start}\nlinger()", timeout=1.5)
    assert text.startswith("<returncode>-1</returncode>\n<stdout>")
    assert text.count("ready") >= 2
    assert time.monotonic() - started < 1.5 + 2 + 2  # a time-out, the promise, and a noisy machine
    assert not marker.processes()


@ALL
async def test_the_end_of_the_command_ends_every_descendant_and_keeps_the_exit_code(code, marker, leak_check, start):
    text = await code.execute_python_code(f"{PRELUDE}{start}\nwait_ready()\nos._exit(9)", timeout=100)
    assert text.startswith("<returncode>9</returncode>")
    assert "ready" in text
    assert "background process(es) were ended" in text
    assert not marker.processes()


@ALL
async def test_cancelling_a_call_ends_every_descendant_first(code, marker, leak_check, start):
    call = asyncio.create_task(code.execute_python_code(f"{PRELUDE}{start}\nlinger()"))
    await asyncio.to_thread(marker.wait_for, lambda found: len(found) >= 3)
    started = time.monotonic()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert time.monotonic() - started < 2 + 2
    assert not marker.processes()


async def test_a_shell_with_a_time_out_of_a_second_and_a_background_grandchild_returns_in_time(
    code, marker, leak_check
):
    started = time.monotonic()
    text = await code.execute_shell_command("echo before; (sleep 300 &); sleep 300", timeout=1)
    assert time.monotonic() - started < 3
    assert text.startswith("<returncode>-1</returncode>\n<stdout>before\n</stdout>")
    assert not marker.processes()


async def test_a_grandchild_that_keeps_the_pipe_open_is_not_waited_for(code, marker):
    started = time.monotonic()
    text = await code.execute_shell_command("sleep 300 & echo done")
    assert text.startswith("<returncode>0</returncode>\n<stdout>done\n</stdout>")
    assert time.monotonic() - started < 30


async def test_a_program_may_clean_up_when_it_is_asked_to_end(code, tmp_path):
    command = f"trap 'echo cleaned > {tmp_path}/note; exit' TERM; echo ready; while :; do sleep 0.05; done"
    await code.execute_shell_command(command, timeout=1)
    assert (tmp_path / "note").read_text() == "cleaned\n"


async def test_a_command_that_signals_its_parent_does_no_harm(code, marker):
    text = await code.execute_shell_command(
        "kill $PPID; kill -INT $PPID; kill -HUP $PPID; kill 0 & sleep 0.2; echo alive"
    )
    assert text.startswith("<returncode>-15</returncode>")
    text = await code.execute_shell_command("kill $PPID; kill -INT $PPID; kill -HUP $PPID; echo alive; exit 2")
    assert text.startswith("<returncode>2</returncode>\n<stdout>alive\n")


async def test_a_command_that_kills_its_supervisor_still_leaves_nothing(code, marker, leak_check):
    source = f"{PRELUDE}fork(2, stubborn=True, session=True)\nwait_ready()\nos.kill(os.getppid(), 9)\nlinger()"
    text = await code.execute_python_code(source)
    assert "<returncode>-1</returncode>" in text
    assert "<note>The process was lost" in text
    assert not marker.processes()


async def test_a_command_that_stops_its_supervisor_is_still_timed_out(code, marker, leak_check):
    started = time.monotonic()
    text = await code.execute_shell_command("kill -STOP $PPID; echo stopped; sleep 300", timeout=1)
    assert text.startswith("<returncode>-1</returncode>\n<stdout>stopped\n")
    assert time.monotonic() - started < 5


async def test_a_tree_that_keeps_forking_is_ended(code, marker, leak_check):
    source = f"{PRELUDE}import itertools\nfork(1, stubborn=True)\nsys.stdout.flush()\n" + (
        "for _ in itertools.count():\n    if os.fork(): os._exit(0)\n    time.sleep(0.001)\n"
    )
    text = await code.execute_python_code(
        f"{PRELUDE}\nif not os.fork():\n" + _indented(source) + "\nlinger()", timeout=1
    )
    assert text.startswith("<returncode>-1</returncode>")
    assert not marker.processes()


def _indented(source: str) -> str:
    return "".join("    " + line + "\n" for line in source.splitlines())


async def test_a_hundred_random_cancellations_leave_nothing(code, marker, leak_check):
    chance = random.Random(7)

    async def cancelled() -> None:
        call = asyncio.create_task(code.execute_shell_command("(sleep 300 &); sleep 300 & yes > /dev/null & sleep 300"))
        await asyncio.sleep(chance.random() * 0.15)
        call.cancel()
        if chance.random() < 0.3:  # somebody may be impatient
            await asyncio.sleep(chance.random() * 0.05)
            call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    for _ in range(10):
        await asyncio.gather(*(cancelled() for _ in range(10)))
    assert not marker.processes()


async def test_a_callers_time_limit_works_as_usual(code, leak_check):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await code.execute_shell_command("sleep 300")
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_the_failure_of_one_call_in_a_group_ends_the_other(code, leak_check):
    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(code.execute_shell_command("sleep 300"))
            group.create_task(code.execute_shell_command("sleep 300", timeout=-1))

    with pytest.raises(ExceptionGroup) as raised:
        await both()
    assert len(raised.value.exceptions) == 1


HOST = """
import asyncio, sys
from trouplet_tools import CodeTools

async def main():
    tools = CodeTools(env={"TROUPLET_TEST_MARKER": sys.argv[1]})
    await asyncio.gather(tools.execute_python_code(sys.argv[2]), tools.execute_shell_command("sleep 300"))

asyncio.run(main())
"""


@pytest.mark.parametrize("start", [DESCENDANTS["daemon"], DESCENDANTS["whole family"]], ids=["daemon", "family"])
def test_a_host_that_is_killed_leaves_nothing(marker, start):
    host = subprocess.Popen([sys.executable, "-c", HOST, marker.value, f"{PRELUDE}{start}\nlinger()"])
    try:
        marker.wait_for(lambda found: len(found) >= 6)
    finally:
        host.send_signal(signal.SIGKILL)
        host.wait()
    marker.wait_for(lambda found: not found)


FORKING_HOST = """
import asyncio, os, sys, time
from trouplet_tools import CodeTools

async def main():
    tools = CodeTools(env={"TROUPLET_TEST_MARKER": os.environ["GIVEN"]})
    call = asyncio.ensure_future(tools.execute_shell_command("sleep 300"))
    await asyncio.sleep(1)
    if not os.fork():
        time.sleep(20)
        os._exit(0)
    print("forked", flush=True)
    await call

asyncio.run(main())
"""


def test_a_killed_host_that_has_forked_leaves_nothing_either(marker):
    host = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING_HOST],
        env={**os.environ, "GIVEN": marker.value},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == b"forked\n"
        host.send_signal(signal.SIGKILL)
        host.wait()
        marker.wait_for(lambda found: not found, seconds=15)
    finally:
        os.killpg(host.pid, signal.SIGKILL)
        host.stdout.close()


async def test_a_program_that_is_not_there_is_an_error(leak_check):
    with pytest.raises(FileNotFoundError):
        await run_process(["/missing/program"], env=minimal_environment())
    with pytest.raises(PermissionError):
        await run_process(["/etc/passwd"], env=minimal_environment())
    with pytest.raises(FileNotFoundError):
        await run_process(["true"], env=minimal_environment(), interpreter="/missing/python")


async def test_standard_input_is_given_whole_or_empty():
    result = await run_process(["wc", "-c"], env=minimal_environment(), stdin=b"x" * 1_000_000)
    assert result.stdout.text.strip() == "1000000"
    assert (await run_process(["cat"], env=minimal_environment(), timeout=30)).ending == "exited"


async def test_no_thread_waits_for_a_process(code, marker):
    calls = [asyncio.create_task(code.execute_shell_command("sleep 300")) for _ in range(5)]
    await asyncio.to_thread(marker.wait_for, lambda found: len(found) >= 10)
    starters = [thread for thread in threading.enumerate() if thread.name == "trouplet-tools"]
    for thread in starters:
        thread.join(5)
        assert not thread.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("waitpid")]
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


def test_a_loop_in_another_thread_runs_commands():
    texts: list[str] = []
    thread = threading.Thread(target=lambda: texts.append(asyncio.run(CodeTools().execute_shell_command("echo hi"))))
    thread.start()
    thread.join(30)
    assert "<stdout>hi\n</stdout>" in texts[0]


def test_the_end_of_the_loop_ends_a_forgotten_call(marker):
    async def forget() -> None:
        forgotten = asyncio.create_task(CodeTools(env=marker.env).execute_shell_command("sleep 300"))
        await asyncio.to_thread(marker.wait_for, bool)
        assert not forgotten.done()

    asyncio.run(forget())
    assert not marker.processes()


def test_without_orphan_reaping_the_process_group_is_ended(marker, tmp_path):
    """What other systems than Linux do, tried out here."""
    import socket

    from trouplet_tools.supervised import SUPERVISOR

    script = tmp_path / "elsewhere.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(SUPERVISOR.parent)!r})\nimport supervisor\nsupervisor.LINUX = False\n"
        "supervisor.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])\n"
    )
    near, far = socket.socketpair()
    with near, far:
        command = ["/bin/sh", "-c", "trap '' TERM; (sleep 300 &); sleep 300 & exit 3"]
        supervisor = subprocess.Popen(
            [sys.executable, str(script), str(far.fileno()), str(os.getpid()), *command],
            pass_fds=[far.fileno()],
            env=minimal_environment(marker.env),
        )
        far.close()
        assert near.recv(100).startswith(b"exited 3")
        supervisor.wait()
