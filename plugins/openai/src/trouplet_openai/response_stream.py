"""A response that is streamed; most of its events are one piece of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import loads, redact
from trouplet_openai.responses_answer import ResponseAnswer

if TYPE_CHECKING:
    from trouplet_http import ServerSentEvent


class ResponseStream(ResponseAnswer):
    """An answer as its events arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ()

    @property
    def over(self) -> bool:
        """Whether the last event has come."""
        return self.complete

    def parse(self, record: ServerSentEvent) -> object:
        """Parse the data of one event; raise when it is not JSON."""
        try:
            return loads(record.data)
        except (ValueError, RecursionError) as error:
            if record.data.strip() in ("", "[DONE]"):
                return {}
            raise self.invalid(f"{error} in {redact(record.data[:200])!r}") from None

    @staticmethod
    def plain_text(parsed: object) -> str | None:
        """The text of an event that is a piece of text; None for every other one."""
        if type(parsed) is dict and parsed.get("type") == "response.output_text.delta":
            text = parsed.get("delta")
            return text if type(text) is str and text else None
        return None
