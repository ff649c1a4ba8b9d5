"""``run()``: an event loop for a program, in which Ctrl-C interrupts the agents first."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from trouplet.agent_run import Interruption, watched_by
from trouplet.errors import LoopRunning

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    from trouplet.agent_run import Run

    T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result.

    The first Ctrl-C interrupts the agents that are at work, which then answer; when none is at work, and on the second
    one within the same work, it ends the program as usual. Raises ``LoopRunning`` inside of an event loop.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        main.close()
        raise LoopRunning("run() was called while an event loop runs", fix="Use: await main()")
    return asyncio.run(_with_interrupt(main))


async def _with_interrupt(main: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    at_work: set[Run] = set()
    watched_by.set(at_work)
    task = asyncio.ensure_future(main)

    def on_sigint() -> None:
        fresh = [run for run in at_work if not run.interrupted]
        for run in fresh:
            run.interrupt(Interruption(None, 1))
        if not fresh:
            task.cancel()

    previous = _install(loop, on_sigint)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        if previous is not None:
            signal.signal(signal.SIGINT, previous)


def _install(loop: asyncio.AbstractEventLoop, on_sigint: Any) -> Any:
    """Handle SIGINT on the loop; where loops cannot (Windows, threads), through a plain handler or not at all."""
    import threading

    if threading.current_thread() is not threading.main_thread():
        return None
    previous = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, on_sigint)
    except NotImplementedError:
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(on_sigint))
    return previous
