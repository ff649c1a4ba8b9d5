"""The line editor of ``chat``, and the keys that stop an agent while it works: Esc and Ctrl-C."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.keys import Keys

from trouplet_cli.interruption import Stoppable, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPress

ESCAPE_DELAY = 0.1
"""Seconds after which Esc is the key alone, and not the beginning of another key's sequence."""


class PromptLine:
    """Lines that a person edits in a terminal, with history; ``words`` are completed at the beginning of a line."""

    def __init__(self, words: Sequence[str]) -> None:
        self._input = create_input()
        completer = WordCompleter(list(words), sentence=True)
        self._session: PromptSession[str] = PromptSession(
            input=self._input, completer=completer, complete_while_typing=False
        )

    async def read(self, prompt: str) -> str:
        """Let the person edit a line; see ``LineSource``."""
        return await Stoppable().run(self._edit(prompt))

    async def _edit(self, prompt: str) -> str:
        try:
            # SIGINT is handled around this: the line editor would forget the handler that was there before.
            return await self._session.prompt_async(prompt, handle_sigint=False)
        except KeyboardInterrupt:
            if self._session.default_buffer.text:
                return ""
            raise Stopped from None

    @contextmanager
    def watching(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` on Esc and Ctrl-C; what else is typed is kept for the next line."""
        keys = _StopKeys(self._input, stop)
        with self._input.raw_mode(), self._input.attach(keys.read):
            try:
                yield
            finally:
                keys.close()


class _StopKeys:
    """Reads keys while no line is being edited."""

    def __init__(self, source: Input, stop: Callable[[], None]) -> None:
        self._source = source
        self._stop = stop
        self._typed: list[KeyPress] = []
        self._flush: asyncio.TimerHandle | None = None

    def read(self) -> None:
        self._take(self._source.read_keys())
        if self._flush is not None:
            self._flush.cancel()
        self._flush = asyncio.get_running_loop().call_later(ESCAPE_DELAY, self._take_rest)

    def _take_rest(self) -> None:
        self._take(self._source.flush_keys())

    def _take(self, presses: Sequence[KeyPress]) -> None:
        for press in presses:
            if press.key in (Keys.ControlC, Keys.Escape):
                self._stop()
            elif press.key != Keys.CPRResponse:
                self._typed.append(press)

    def close(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
        store_typeahead(self._source, self._typed)
