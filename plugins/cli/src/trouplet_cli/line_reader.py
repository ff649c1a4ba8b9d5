"""Reads lines from the person, or from the pipe, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
from codecs import getincrementaldecoder
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from trouplet_cli.interruption import Stoppable
from trouplet_cli.terminal import standard_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class LineSource(Protocol):
    """Where the lines of a conversation come from."""

    async def read(self, prompt: str) -> str:
        """Return the next line. Raises ``EOFError`` at the end, ``Stopped`` on Ctrl-C on an empty line; a line that
        was thrown away with Ctrl-C is empty.
        """
        ...

    def watching(self, stop: Callable[[], None]) -> AbstractContextManager[None]:
        """While it is open, call ``stop`` when the person presses a key that means stop."""
        ...


class LineReader:
    """Lines of standard input as they are; a prompt is shown when there is a person at a terminal.

    Not a thread that reads: one that is blocked when the program ends would take the interpreter down with it.
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._ended = False

    async def read(self, prompt: str) -> str:
        """Return the next line without its end."""
        await Stoppable().run(self._fill(prompt))
        line, newline, self._text = self._text.partition("\n")
        if not line and not newline:
            raise EOFError
        return line.rstrip("\r")

    async def _fill(self, prompt: str) -> None:
        """Read until there is a whole line, or no more."""
        if sys.stdin.isatty():
            standard_streams()[1].write(prompt)
        while "\n" not in self._text and not self._ended:
            self._take(await _next_bytes())

    def _take(self, data: bytes) -> None:
        self._text += self._decoder.decode(data, final=not data)
        self._ended = not data

    @contextmanager
    def watching(self, stop: Callable[[], None]) -> Iterator[None]:
        """Do nothing: without a terminal's keys there is only Ctrl-C, which is a signal."""
        yield


async def _next_bytes() -> bytes:
    file = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(file, _set, ready)
    except (PermissionError, NotImplementedError):  # a regular file never blocks; Windows has no other way
        return os.read(file, 65536)
    try:
        await ready
    finally:
        loop.remove_reader(file)
    return os.read(file, 65536)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def read_all_input() -> str:
    """Return everything that is piped in; called before there is an event loop."""
    data: bytes = sys.stdin.buffer.read()
    return data.decode("utf-8", "replace").rstrip("\n")
