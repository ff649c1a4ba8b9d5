"""A message that is streamed.

It is complete with its ``message_stop``; an end before that is an answer that broke off. Most events of a long answer
are one piece of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_anthropic.answer import Answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent


class MessageStream(Answer):
    """An answer as its events arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ("complete",)

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.complete = False

    @property
    def over(self) -> bool:
        """Whether the last event has come."""
        return self.complete

    def parse(self, record: ServerSentEvent) -> Mapping[str, object]:
        """Parse the data of one event; raise when it is not a JSON object."""
        try:
            data = loads(record.data)
        except (ValueError, RecursionError) as error:
            raise self.invalid(f"{error} in {redact(record.data[:200])!r}") from None
        if not isinstance(data, dict):
            raise self.invalid(f"a JSON {type(data).__name__} where an object was expected")
        data.setdefault("type", record.event)
        return data

    @staticmethod
    def plain_text(parsed: Mapping[str, object]) -> str | None:
        """The text of an event that is one piece of text; None for every other event."""
        if parsed.get("type") != "content_block_delta":
            return None
        delta = parsed.get("delta")
        if not isinstance(delta, dict) or delta.get("type") != "text_delta":
            return None
        text = delta.get("text")
        return text if type(text) is str and text else None

    def add(self, parsed: Mapping[str, object]) -> list[Chunk]:
        """Take any other event."""
        if parsed.get("type") == "message_stop":
            self.complete = True
            return []
        return super().add(parsed)

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        if not self.complete:
            raise self.broken_off("It ended without a message_stop")
        return super().finish()
