"""Runs short blocking work off the event loop, always to its end.

The work has a thread of its own for as long as it takes and leaves none behind. A caller that is cancelled
meanwhile gets its ``CancelledError`` when the work is done, so that nothing happens behind its back afterwards.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


async def outlast(future: asyncio.Future[T]) -> T:
    """Await a future that nobody cancels, even when the caller is cancelled; then let the cancellation go on."""
    cancellation: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        future.exception()  # retrieved: the cancellation is what the caller hears of
        raise cancellation
    return future.result()


async def to_the_end(work: Callable[[], T]) -> T:
    """Call a blocking function in a thread and return its result."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # carried to the awaiting task, whatever it is
            loop.call_soon_threadsafe(done.set_exception, error)
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    threading.Thread(target=run, name="trouplet-tools", daemon=True).start()
    return await outlast(done)
