"""The rule that all protocols share: the results of calls come right after them, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class CallPairing:
    """Follows the calls and results of a request in order."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self._open: list[str] = []

    def call(self, id: str, where: str) -> Iterator[str]:
        """Take a call."""
        if not id:
            yield f"{where}: a call has no id"
        if id in self._made:
            yield f"{where}: the call id {id!r} is used twice"
        self._made.add(id)
        self._open.append(id)

    def result(self, id: str, where: str) -> Iterator[str]:
        """Take a result."""
        if id in self._open:
            self._open.remove(id)
        elif id in self._made:
            yield f"{where}: the call {id!r} is answered twice, or too late"
        else:
            yield f"{where}: a result for {id!r}, which is no call"

    def other(self, where: str) -> Iterator[str]:
        """Take anything that may not stand between calls and their results, or the end."""
        for id in self._open:
            yield f"{where}: the call {id!r} has no result before it"
        self._open.clear()
