"""``Engine``: a model and the one thread that uses it.

The model is loaded in the thread when the first request comes. Requests are answered one at a time, in the order in
which they came. What the model says crosses to the event loop with ``call_soon_threadsafe``.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections import deque
from typing import TYPE_CHECKING, Protocol

from trouplet.errors import DeadlineExceeded, KernelClosed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from typing import Any


class Completer(Protocol):
    """What an engine runs: ``Llama``, or anything that answers like it."""

    def complete(
        self,
        body: Mapping[str, object],
        schema: Mapping[str, object] | None,
        on_chunk: Callable[[dict[str, Any]], bool],
    ) -> None:
        """Answer in chunks until it is done or ``on_chunk`` returns True; blocks."""
        ...

    def close(self) -> None:
        """Let go of everything; blocks."""
        ...


class _Done:
    """The end of a request; ``error`` is why it failed."""

    __slots__ = ("error",)

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class _Job:
    """One request on its way through the thread."""

    def __init__(self, body: Mapping[str, object], schema: Mapping[str, object] | None) -> None:
        self.body = body
        self.schema = schema
        self.stopped = threading.Event()
        self.arrived: asyncio.Queue[dict[str, Any] | _Done] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def deliver(self, item: dict[str, Any] | _Done) -> bool:
        """Hand something to the event loop, from the thread; True when nobody wants more."""
        if not self.stopped.is_set():
            try:
                self._loop.call_soon_threadsafe(self.arrived.put_nowait, item)
            except RuntimeError:  # the loop is closed: whoever asked is gone
                self.stopped.set()
        return self.stopped.is_set()


class Engine:
    """Runs one model. ``load`` makes it, in the engine's thread."""

    def __init__(self, load: Callable[[], Completer]) -> None:
        self._load = load
        self._model: Completer | None = None
        self._jobs: deque[_Job] = deque()
        self._current: _Job | None = None
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def stream(
        self, body: Mapping[str, object], *, schema: Mapping[str, object] | None = None, deadline: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Answer a Chat Completions request as its chunks; ``deadline`` is in seconds and covers waiting and loading.

        Closing the generator stops the model after the token, or the batch of the prompt, that it works on.
        """
        job = self._submit(_Job(body, schema))
        loop = asyncio.get_running_loop()
        end = None if deadline is None else loop.time() + deadline
        try:
            while True:
                item = await self._next(job, end)
                if isinstance(item, _Done):
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            job.stopped.set()

    async def close(self) -> None:
        """Stop what runs, unload the model and end the thread. Idempotent."""
        thread = self._stop()
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.join)

    async def _next(self, job: _Job, end: float | None) -> dict[str, Any] | _Done:
        if end is None:
            return await job.arrived.get()
        try:
            async with asyncio.timeout_at(end):
                return await job.arrived.get()
        except TimeoutError:
            raise DeadlineExceeded("the local model took longer than the deadline", provider="local") from None

    def _submit(self, job: _Job) -> _Job:
        with self._wake:
            if self._closed:
                raise KernelClosed("the local model is closed", fix="Use it while its kernel is open")
            self._jobs.append(job)
            self._wake.notify()
            if self._thread is None:
                # A daemon, so that a host that forgets to close is not kept from ending; atexit then stops it cleanly.
                self._thread = threading.Thread(target=self._work, name="trouplet-local", daemon=True)
                self._thread.start()
                atexit.register(self._end)
        return job

    def _stop(self) -> threading.Thread | None:
        with self._wake:
            self._closed = True
            for job in (*self._jobs, *([self._current] if self._current else [])):
                job.deliver(_Done(KernelClosed("the local model was closed during the call")))
                job.stopped.set()
            self._wake.notify()
            thread, self._thread = self._thread, None
        atexit.unregister(self._end)
        return thread

    def _end(self) -> None:
        thread = self._stop()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (job := self._take()) is not None:
            if not job.stopped.is_set():
                self._run(job)
        model, self._model = self._model, None
        if model is not None:
            model.close()

    def _take(self) -> _Job | None:
        with self._wake:
            self._current = None
            while not self._jobs and not self._closed:
                self._wake.wait()
            if self._closed:
                return None
            self._current = self._jobs.popleft()
            return self._current

    def _run(self, job: _Job) -> None:
        try:
            if self._model is None:
                self._model = self._load()
            if not job.stopped.is_set():
                self._model.complete(job.body, job.schema, job.deliver)
        except Exception as error:  # the boundary of the thread: whatever it is, it belongs to who asked
            job.deliver(_Done(error))
        else:
            job.deliver(_Done())
