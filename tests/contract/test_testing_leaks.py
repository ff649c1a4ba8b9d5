"""The leak check."""

import asyncio
import os
import socket
import subprocess
import sys
import threading

import pytest

from trouplet.testing import LeakCheck, LeakFound

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="descriptors and processes are read from /proc")
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


async def leaks_of(leave, *, check=None):
    """Run something under the check and return what it found."""
    with pytest.raises(LeakFound) as caught:
        async with check or LeakCheck(grace=0.05):
            leave()
    return str(caught.value)


async def test_a_clean_block_passes():
    async with LeakCheck():
        await asyncio.create_task(asyncio.sleep(0))
        await asyncio.to_thread(sum, [1, 2])


async def test_a_task_that_is_left_is_named():
    left = []
    found = await leaks_of(lambda: left.append(asyncio.create_task(asyncio.Event().wait(), name="left-task")))
    assert "task left-task" in found
    left[0].cancel()


async def test_a_thread_that_is_left_is_named():
    release = threading.Event()
    try:
        found = await leaks_of(threading.Thread(target=release.wait, name="left-thread").start)
    finally:
        release.set()
    assert "thread left-thread" in found


async def test_a_busy_thread_of_an_executor_is_a_leak_and_an_idle_one_is_not():
    release, left = threading.Event(), []
    await asyncio.to_thread(sum, [1, 2])
    try:
        found = await leaks_of(lambda: left.append(asyncio.get_running_loop().run_in_executor(None, release.wait)))
    finally:
        release.set()
    assert "thread asyncio_" in found
    async with LeakCheck():
        await left[0]


@ON_LINUX
async def test_a_descriptor_that_is_left_is_named():
    left = []
    assert ": socket:" in await leaks_of(lambda: left.append(socket.socket()))
    left[0].close()


@ON_LINUX
async def test_a_child_that_is_left_is_named_until_it_is_gone():
    check = LeakCheck(grace=0.05)
    left = []
    found = await leaks_of(lambda: left.append(subprocess.Popen(SLEEPER, env={})), check=check)
    assert "time.sleep(60)" in found
    left[0].kill()
    with pytest.raises(LeakFound, match="exited, not waited for"):
        await check.assert_clean()
    left[0].wait()
    await check.assert_clean()


@ON_LINUX
@pytest.mark.parametrize("given", ["inherited", "handed over"])
async def test_a_process_that_has_detached_itself_is_found_by_the_marker(given):
    check = LeakCheck(grace=0.05)
    detach = f"from subprocess import *; print(Popen({SLEEPER!r}, start_new_session=True, stdout=DEVNULL).pid)"
    left = []

    def leave():
        environment = None if given == "inherited" else check.environment
        done = subprocess.run([sys.executable, "-c", detach], stdout=subprocess.PIPE, env=environment, check=True)
        left.append(int(done.stdout))

    found = await leaks_of(leave, check=check)
    assert f"process {left[0]}: " in found
    os.kill(left[0], 9)


async def test_what_is_on_its_way_out_is_waited_for():
    async with LeakCheck():
        asyncio.get_running_loop().call_later(0.05, asyncio.create_task(asyncio.Event().wait()).cancel)


async def test_an_error_of_the_block_goes_first():
    check = LeakCheck(grace=0.05)
    await check.__aenter__()
    task = asyncio.create_task(asyncio.Event().wait())
    error = KeyError()
    assert await check.__aexit__(KeyError, error, None) is None
    task.cancel()


async def test_the_environment_is_as_before_afterwards():
    before = dict(os.environ)
    async with LeakCheck() as outer:
        async with LeakCheck() as inner:
            assert inner.environment.items() <= os.environ.items()
        assert outer.environment.items() <= os.environ.items()
    assert dict(os.environ) == before
