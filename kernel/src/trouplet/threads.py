"""Runs a blocking function in a thread of its own, at most ``MAX_THREADS`` at a time in the process.

There is no pool: a thread ends with its function, so nothing is left behind, and a function that blocks for ever never
starves the loop's own executor (which resolves host names). The threads are daemons: a blocked one does not keep the
process alive. When the awaiting task is cancelled the function goes on, as nothing can stop a thread; its result is
dropped and said so in the log.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

MAX_THREADS = 64


class _Slots:
    """Counts the running threads of the process; those that wait for a slot may belong to different loops."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._free = limit
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    async def acquire(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            loop = asyncio.get_running_loop()
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, turn))
        try:
            await turn
        except asyncio.CancelledError:
            with self._lock:
                waits = (loop, turn) in self._waiting
                if waits:
                    self._waiting.remove((loop, turn))
            if not waits:
                self.release()
            raise

    def release(self) -> None:
        with self._lock:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(_grant, turn, self)
                except RuntimeError:  # that loop is closed: the next one's turn
                    continue
                return
            self._free += 1


def _grant(turn: asyncio.Future[None], slots: _Slots) -> None:
    if turn.done():
        slots.release()
    else:
        turn.set_result(None)


_slots = _Slots(MAX_THREADS)


async def run_in_thread(function: Callable[[], T], *, name: str) -> T:
    """Call a function in a thread and return its result; ``name`` is what the log calls it."""
    await _slots.acquire()
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if done.done():
            from trouplet.log import logger

            logger().warning("late_result_dropped", tool=name, error=repr(error) if error else None)
        elif error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            result = context.run(function)
        except BaseException as raised:  # carried to the awaiting task, whatever it is
            error = RuntimeError(f"{name} raised StopIteration") if isinstance(raised, StopIteration) else raised
        finally:
            _slots.release()
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits any more
            return

    try:
        threading.Thread(target=work, name=f"trouplet-tool-{name}", daemon=True).start()
    except RuntimeError:
        _slots.release()
        raise
    return await done
