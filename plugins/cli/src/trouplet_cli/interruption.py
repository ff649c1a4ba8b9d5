"""Ctrl-C, Esc and SIGTERM while something runs: the first stop interrupts the agents, the second one ends the work."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from trouplet.agent_run import Interruption, Run, watched_by

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")


TERMINATED = 128 + signal.SIGTERM
"""The exit code after SIGTERM."""


class Stopped(Exception):
    """The user stopped what was running, and it gave no result."""


class Stoppable:
    """Work that the user can stop: with Ctrl-C, or through ``stop()``.

    The first stop interrupts the agents that are at work; they then reply with what they have. When none is at work,
    and on the second stop, the work is cancelled. SIGTERM ends it, and the program, at once.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._at_work: set[Run] = set()
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._terminated = False

    def stop(self) -> None:
        """Stop: on the event loop's thread, any number of times."""
        fresh = [run for run in self._at_work if not run.interrupted]
        for run in fresh:
            self.interrupted = True
            run.interrupt(Interruption(None, 1))
        if not fresh:
            self._cancel()

    def terminate(self) -> None:
        """End the work and the program, as SIGTERM asks."""
        self._terminated = True
        self._cancel()

    def _cancel(self) -> None:
        """End the work now; its clean-up is waited for. Whoever stops it once more kills the process with it."""
        if self._cancelled:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work and return its result; raises ``Stopped`` when it was cancelled by a stop."""
        token = watched_by.set(self._at_work)
        task: asyncio.Task[T] = asyncio.ensure_future(work)
        self._task = task
        watched_by.reset(token)
        with _signals_go_to(self):
            try:
                return await task
            except asyncio.CancelledError:
                if self._terminated:
                    raise SystemExit(TERMINATED) from None
                if self._cancelled:
                    raise Stopped from None
                raise


class Unstoppable(Stoppable):
    """Work that goes on after Ctrl-C, which is meant for what it does at the time: a conversation with its turns.

    SIGTERM ends it.
    """

    def stop(self) -> None:
        """Do nothing: between two things that can be stopped there is nothing to stop."""


_active: list[Stoppable] = []
"""The work in progress, the innermost last: an approval that is asked for during a turn, say. Signals are the process's
own, and so is this list."""


@contextmanager
def _signals_go_to(work: Stoppable) -> Iterator[None]:
    _active.append(work)
    try:
        with _handlers() if len(_active) == 1 else nullcontext():
            yield
    finally:
        _active.remove(work)


def _stop_innermost() -> None:
    _active[-1].stop()


def _terminate_outermost() -> None:
    _active[0].terminate()


@contextmanager
def _handlers() -> Iterator[None]:
    """Handle the signals on the loop; where loops cannot (Windows), through plain handlers."""
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGINT: _stop_innermost, signal.SIGTERM: _terminate_outermost}
    previous = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        _install(loop, number, handler)
    try:
        yield
    finally:
        for number, before in previous.items():
            _uninstall(loop, number)
            signal.signal(number, before or signal.SIG_DFL)


def _install(loop: asyncio.AbstractEventLoop, number: signal.Signals, handler: Callable[[], None]) -> None:
    try:
        loop.add_signal_handler(number, handler)
    except NotImplementedError:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(handler))


def _uninstall(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    with suppress(NotImplementedError):
        loop.remove_signal_handler(number)
