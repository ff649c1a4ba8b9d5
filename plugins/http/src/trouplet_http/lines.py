"""Cuts a stream of bytes into whole lines, at a cost that is linear in its size.

The bytes are decoded as they come: a UTF-8 sequence that is split between two reads decodes as it would in one piece,
and what is not UTF-8 becomes U+FFFD. A line that is not complete is kept in pieces, which whoever takes the line joins
once.
"""

from __future__ import annotations

from codecs import utf_8_decode

from trouplet_http.errors import RecordTooLarge

DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024

_BOM = "\ufeff"
_BLANKS = " \t\r"
_MOST_PIECES = 512


class LineBuffer:
    """Takes bytes as they come and gives back the lines that are complete.

    With ``carriage_returns``, CR and CRLF end a line too, also when a CRLF is split between two reads. A byte order
    mark at the very start is dropped.
    """

    __slots__ = ("_after_cr", "_at_start", "_blocks", "_carriage_returns", "_pieces", "_undecoded", "size")

    def __init__(self, *, carriage_returns: bool) -> None:
        self._carriage_returns = carriage_returns
        self._at_start = True
        self._after_cr = False
        self._undecoded = b""
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self.size = 0
        """The characters of the line that is not complete yet."""

    def take(self, data: bytes) -> tuple[list[str], str]:
        """Return the line that an earlier read has begun and ``data`` ends, and all further complete lines.

        The first comes in pieces and without its end (no pieces: there is none); the others each end with a line feed.
        """
        text = self._decode(data)
        if self._carriage_returns and (self._after_cr or "\r" in text):
            text = self._with_line_feeds(text)
        end = text.rfind("\n") + 1
        if not end:
            self._keep(text)
            return [], ""
        start = 0
        begun: list[str] = []
        if self.size:
            start = text.find("\n") + 1
            begun = [*self._blocks, *self._pieces, text[: start - 1]]
            self._forget()
        if end < len(text):
            self._keep(text[end:])
        return begun, text[start:end]

    def rest(self) -> str:
        """Return the last line, which nothing ended, and forget it."""
        line = "".join((*self._blocks, *self._pieces, self._undecoded.decode("utf-8", "replace")))
        self._undecoded = b""
        self._forget()
        return line

    def _decode(self, data: bytes) -> str:
        if self._undecoded:
            data = self._undecoded + data
        text, used = utf_8_decode(data, "replace", False)
        self._undecoded = data[used:]
        if self._at_start and text:
            self._at_start = False
            return text.removeprefix(_BOM)
        return text

    def _keep(self, text: str) -> None:
        if not text:
            return
        self.size += len(text)
        self._pieces.append(text)
        if len(self._pieces) >= _MOST_PIECES:
            # A line that drips in byte by byte would take many times its size.
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def _forget(self) -> None:
        self._blocks.clear()
        self._pieces.clear()
        self.size = 0

    def _with_line_feeds(self, text: str) -> str:
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        if "\r" in text:
            self._after_cr = text.endswith("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text


class LineDecoder:
    """Decodes newline-delimited JSON (and any other protocol with one record a line) into its non-empty lines."""

    __slots__ = ("_lines", "_max_record_bytes")

    def __init__(self, *, max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES) -> None:
        self._lines = LineBuffer(carriage_returns=False)
        self._max_record_bytes = max_record_bytes

    @property
    def pending(self) -> int:
        """The size of the record that is not complete yet."""
        return self._lines.size

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that ``data`` completes, without their ends."""
        begun, others = self._lines.take(data)
        lines = ["".join(begun)] if begun else []
        if others:
            lines += others[:-1].split("\n")
        if self._lines.size > self._max_record_bytes or any(len(line) > self._max_record_bytes for line in lines):
            raise RecordTooLarge("line", self._max_record_bytes)
        return [stripped for line in lines if (stripped := line.strip(_BLANKS))]

    def finish(self) -> list[str]:
        """Return the last line if the stream ended without a newline after it."""
        line = self._lines.rest().strip(_BLANKS)
        return [line] if line else []
