"""An answer that is streamed: lines of JSON, the last of them with ``done``.

Most lines of a long answer are one piece of text and nothing else. A line that is not JSON is the error of a garbled
answer only when another one follows: the last line of all is what a broken connection has left of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import loads, redact
from trouplet_ollama.answer import Answer

if TYPE_CHECKING:
    from trouplet.errors import InvalidResponse
    from trouplet.model_io import Chunk


class LineStream(Answer):
    """An answer as its lines arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ("_garbled",)

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._garbled: InvalidResponse | None = None

    @property
    def complete(self) -> bool:
        """Whether the last line has come."""
        return self.done

    over = complete

    def parse(self, record: str) -> object:
        """Parse one line; raise the error of the line before it."""
        if self._garbled is not None:
            raise self._garbled
        try:
            return loads(record)
        except (ValueError, RecursionError) as error:
            self._garbled = self.invalid(f"{error} in {redact(record[:200])!r}")
            return {}

    def plain_text(self, parsed: object) -> str | None:
        """The text of an object that is one piece of text and nothing else; None for every other."""
        return None if self.thinks else plain_text(parsed)

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        if not self.done:
            raise self.broken_off("It ended without the line that says done")
        return super().finish()


def plain_text(said: object) -> str | None:
    """The text of an object that is one piece of text and nothing else; None for every other."""
    try:
        message = said["message"]  # type: ignore[index]
        text = message["content"]
        plain = said["done"] is False  # type: ignore[index]
    except (LookupError, TypeError):
        return None
    if not plain or type(text) is not str or not text or len(message) != 2 or "role" not in message:
        return None
    return None if "logprobs" in said or "error" in said else text  # type: ignore[operator]
