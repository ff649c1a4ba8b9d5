"""Cuts a stream of bytes into whole lines, at a cost that is linear in its size.

A line that is not complete is kept as the pieces that have arrived and joined once, when its end comes. Only complete
lines are decoded: a line feed is never part of a UTF-8 sequence, so a sequence that is split between two reads, or that
is broken, decodes as it would in one piece, with U+FFFD for what is not UTF-8.
"""

from __future__ import annotations

from trouplet_http.errors import RecordTooLarge

BOM = b"\xef\xbb\xbf"

DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024


class LineBuffer:
    """Takes bytes as they come and gives back the text of all lines that are complete, each with its ``\\n``.

    With ``carriage_returns``, CR and CRLF end a line too, also when a CRLF is split between two reads. A byte order
    mark at the very start is dropped.
    """

    __slots__ = ("_after_cr", "_carriage_returns", "_head", "_pieces", "size")

    def __init__(self, *, carriage_returns: bool) -> None:
        self._carriage_returns = carriage_returns
        self._after_cr = False
        self._head: bytes | None = b""
        self._pieces: list[bytes] = []
        self.size = 0
        """The bytes of the line that is not complete yet."""

    def take(self, data: bytes) -> str:
        """Return the text of the lines that ``data`` completes."""
        if self._head is not None:
            data = self._without_mark(data)
        if self._carriage_returns and (self._after_cr or b"\r" in data):
            data = self._with_line_feeds(data)
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(data)
            return ""
        if self._pieces:
            self._pieces.append(data[:end])
            complete = b"".join(self._pieces)
            self._pieces.clear()
        else:
            complete = data[:end] if end < len(data) else data
        self.size = 0
        if end < len(data):
            self._keep(data[end:])
        return complete.decode("utf-8", "replace")

    def rest(self) -> str:
        """Return the last line, which nothing ended, and forget it."""
        text = ((self._head or b"") + b"".join(self._pieces)).decode("utf-8", "replace")
        self._head = None
        self._pieces.clear()
        self.size = 0
        return text

    def _keep(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self.size += len(data)

    def _without_mark(self, data: bytes) -> bytes:
        assert self._head is not None
        data = self._head + data
        if len(data) < len(BOM) and BOM.startswith(data):
            self._head = data
            return b""
        self._head = None
        return data.removeprefix(BOM)

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data


class LineDecoder:
    """Decodes newline-delimited JSON (and any other protocol with one record a line) into its non-empty lines."""

    __slots__ = ("_lines", "_max_record_bytes")

    def __init__(self, *, max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES) -> None:
        self._lines = LineBuffer(carriage_returns=False)
        self._max_record_bytes = max_record_bytes

    @property
    def pending(self) -> int:
        """The bytes of the record that is not complete yet."""
        return self._lines.size

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that ``data`` completes, without their ends."""
        text = self._lines.take(data)
        if self._lines.size > self._max_record_bytes:
            raise RecordTooLarge("line", self._max_record_bytes)
        if not text:
            return []
        lines = [stripped for line in text.split("\n") if (stripped := line.strip(" \t\r"))]
        if len(text) > self._max_record_bytes:
            self._check(lines)
        return lines

    def finish(self) -> list[str]:
        """Return the last line if the stream ended without a newline after it."""
        line = self._lines.rest().strip(" \t\r")
        return [line] if line else []

    def _check(self, lines: list[str]) -> None:
        if max(map(len, lines), default=0) > self._max_record_bytes:
            raise RecordTooLarge("line", self._max_record_bytes)
