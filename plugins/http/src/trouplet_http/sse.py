"""Decodes server-sent events as the WHATWG HTML standard says (section 9.2.6, "Interpreting an event stream").

The decoder is fed with bytes, cut anywhere, and returns the events that are complete. Its cost is linear in the size of
the stream, also for one very large event. The common case, an event of one ``data: `` line, takes a short cut that the
tests compare with the general way.
"""

from __future__ import annotations

from dataclasses import dataclass

from trouplet_http.errors import RecordTooLarge
from trouplet_http.lines import DEFAULT_MAX_RECORD_BYTES, LineBuffer

_LONGEST_FIELD_NAME = 16
_MAX_RETRY_DIGITS = 15


@dataclass(slots=True)
class ServerSentEvent:
    """One event. ``id`` is the last id that the stream has named, in this event or before."""

    data: str
    event: str = "message"
    id: str = ""


class EventStreamDecoder:
    """Turns the bytes of a ``text/event-stream`` into events.

    ``retry`` is the reconnection time in milliseconds that the server asked for, if it did. An event larger than
    ``max_event_bytes`` raises ``RecordTooLarge``.
    """

    __slots__ = ("_data", "_event", "_id", "_lines", "_max_event_bytes", "_size", "last_event_id", "retry")

    def __init__(self, *, max_event_bytes: int = DEFAULT_MAX_RECORD_BYTES) -> None:
        self._lines = LineBuffer(carriage_returns=True)
        self._max_event_bytes = max_event_bytes
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._size = 0
        self.last_event_id = ""
        self.retry: int | None = None

    @property
    def pending(self) -> int:
        """The size of the event that is not complete yet."""
        return self._size + self._lines.size

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that ``data`` completes, in order."""
        events: list[ServerSentEvent] = []
        begun, others = self._lines.take(data)
        if begun:
            self._read_begun_line(begun)
        if others:
            self._read_lines(others, events)
        if self._size + self._lines.size > self._max_event_bytes:
            raise RecordTooLarge("event", self._max_event_bytes)
        return events

    def finish(self) -> list[ServerSentEvent]:
        """End the stream. An event that no blank line completed is discarded, so nothing is ever returned."""
        self._lines.rest()
        self._reset()
        return []

    def _read_lines(self, text: str, events: list[ServerSentEvent]) -> None:
        """Read whole lines: ``\\n\\n`` ends a line and, with the blank line after it, the event."""
        blocks = text.split("\n\n")
        rest = blocks.pop()
        small = len(text) <= self._max_event_bytes
        short_cut = small and not self._size
        for block in blocks:
            if short_cut and block.startswith("data: ") and "\n" not in block:
                events.append(ServerSentEvent(block[6:], "message", self._id))
                continue
            for line in block.split("\n"):
                self._read_line(line, events)
            self._dispatch(events)
            short_cut = small
        if rest:
            for line in rest[:-1].split("\n"):
                self._read_line(line, events)

    def _read_line(self, line: str, events: list[ServerSentEvent]) -> None:
        if not line:
            self._dispatch(events)
            return
        name, colon, value = line.partition(":")
        self._read_field(name, value.removeprefix(" ") if colon else "", len(line))

    def _read_begun_line(self, pieces: list[str]) -> None:
        """Read a line that came in several pieces. It may be large: its value is joined without being copied again."""
        head, taken = "", 0
        while taken < len(pieces) and len(head) <= _LONGEST_FIELD_NAME:
            head += pieces[taken]
            taken += 1
        name, colon, start = head.partition(":")
        value = "".join((start.removeprefix(" "), *pieces[taken:])) if colon else ""
        self._read_field(name, value, len(head) + len(value))

    def _read_field(self, name: str, value: str, size: int) -> None:
        if not name:
            return
        self._size += size
        if self._size > self._max_event_bytes:
            raise RecordTooLarge("event", self._max_event_bytes)
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self.retry = int(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data:
            events.append(ServerSentEvent("\n".join(self._data), self._event or "message", self._id))
        if self._size:
            self._reset()

    def _reset(self) -> None:
        self._data = []
        self._event = ""
        self._size = 0
