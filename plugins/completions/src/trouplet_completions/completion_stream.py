"""A chat completion that is streamed.

It is complete when a choice has said its ``finish_reason``. ``[DONE]`` without one, and an end without either, are an
answer that broke off; a connection that is lost after it has cost nothing but the usage. Most events of a long answer
are one piece of text and nothing else; the first one is not taken for such, since it says who answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trouplet_completions.answer import Answer
from trouplet_completions.provider_errors import error_in_answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent

_DONE: Final = {"object": "[DONE]"}
_NOTHING: Final[dict[str, object]] = {}


class CompletionStream(Answer):
    """An answer as its events arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ("_begun", "over")

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.over = False
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether the provider has said why the answer ended."""
        return bool(self.finish_reason)

    def parse(self, record: ServerSentEvent) -> object:
        """Parse the data of one event; raise when it is not JSON, and the error that an event of this name is."""
        parsed = self._parsed(record.data)
        if record.event == "error":
            raise error_in_answer(parsed, provider=self._provider, partial=self.partial)
        return parsed

    def plain_text(self, parsed: object) -> str | None:
        """The text of an event that is one piece of text and nothing else; None for every other event."""
        return plain_text(parsed) if self._begun else None

    def add(self, parsed: object) -> list[Chunk]:
        """Take any other event."""
        if parsed is _DONE:
            self.over = True
            return []
        self._begun = True
        return super().add(parsed)

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        if not self.complete:
            raise self.broken_off(f"It {'said [DONE]' if self.over else 'ended'} without a finish_reason")
        return super().finish()

    def _parsed(self, data: str) -> object:
        try:
            return loads(data)
        except (ValueError, RecursionError) as error:
            text = data.strip()
            if text == "[DONE]":
                return _DONE
            if not text:
                return _NOTHING
            raise self.invalid(f"{error} in {redact(data[:200])!r}") from None


def plain_text(chunk: object) -> str | None:
    """The text of a chunk that is one piece of text and nothing else; None for every other chunk."""
    try:
        choice = chunk["choices"][0]  # type: ignore[index]
        delta = choice["delta"]
        text = delta["content"]
    except (LookupError, TypeError):
        return None
    if type(text) is not str or not text or choice.get("finish_reason") or choice.get("logprobs"):
        return None
    return text if len(delta) == 1 or _says_only(delta) else None


def _says_only(delta: dict[str, object]) -> bool:
    """Whether all fields but the text are empty: some servers repeat them in every chunk."""
    return not any([value and name not in ("content", "role") for name, value in delta.items()])
