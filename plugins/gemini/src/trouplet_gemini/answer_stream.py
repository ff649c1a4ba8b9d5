"""An answer that is streamed.

It is complete when a ``finishReason`` has come, or the reason why the prompt was blocked; there is no last event after
it. A connection that is lost then has cost nothing but the usage. Most chunks of a long answer are one piece of text
and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_gemini.answer import Answer
from trouplet_gemini.provider_errors import error_in_answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent


class AnswerStream(Answer):
    """An answer as its events arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ()
    over = False

    @property
    def complete(self) -> bool:
        """Whether the answer has said why it ended."""
        return bool(self.finish_reason)

    def parse(self, record: ServerSentEvent) -> object:
        """Parse the data of one event; one without any says nothing."""
        try:
            chunk = loads(record.data)
        except (ValueError, RecursionError) as error:
            if not record.data.strip():
                return {}
            raise self.invalid(f"{error} in {redact(record.data[:200])!r}") from None
        if record.event == "error":
            raise error_in_answer({"error": chunk}, provider=self.provider, partial=self.partial)
        return chunk

    def plain_text(self, parsed: object) -> str | None:
        """The text of a chunk that is one piece of text and nothing else; None for every other chunk."""
        return plain_text(parsed) if self.in_text else None

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        if not self.finish_reason:
            raise self.broken_off()
        return super().finish()


def plain_text(chunk: object) -> str | None:
    """The text of a chunk that is one piece of text and nothing else; None for every other chunk."""
    try:
        candidate = chunk["candidates"][0]  # type: ignore[index]
        parts = candidate["content"]["parts"]
        text = parts[0]["text"]
    except (LookupError, TypeError):
        return None
    if type(text) is not str or not text or len(parts) > 1 or len(parts[0]) > 1:
        return None
    # A candidate that says more than its content and its index says why it ended, or what it relies on.
    return text if len(candidate) == 1 or (len(candidate) == 2 and "index" in candidate) else None
