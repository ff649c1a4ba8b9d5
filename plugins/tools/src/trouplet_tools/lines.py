"""A text file as lines that can be shown, replaced and inserted, in the file's own style.

Lines end with ``\\n`` or ``\\r\\n`` and nothing else; new lines get the ending of the file's first line. A byte
order mark and a missing newline at the end of the file stay as they are.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet_tools.errors import BadLines, NotEditable
from trouplet_tools.plain_text import encoded, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTEXT = 5
"""Lines that are shown before and after a change."""
LONGEST_LINE = 2_000
"""Characters that are shown of one line."""


@dataclass(slots=True)
class Style:
    """How a file's text is written: its byte order mark, and how its lines end (None: it has no line end yet)."""

    bom: bytes = b""
    newline: str | None = None

    @classmethod
    def of(cls, data: bytes) -> Style:
        """Return the style of a file by its first bytes."""
        bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        end = data.find(b"\n")
        if end < 0:
            return cls(bom)
        return cls(bom, "\r\n" if data[end - 1 : end] == b"\r" else "\n")

    def text(self, content: str) -> str:
        """Return content with the file's line endings."""
        if self.newline is None:
            return content
        text = content.replace("\r\n", "\n")
        return text if self.newline == "\n" else text.replace("\n", self.newline)

    def data(self, content: str) -> bytes:
        """Return the bytes of a whole file with this content."""
        return self.bom + encoded(self.text(content), "content")


class Lines:
    """The lines of a text, each with its ending; numbers count from 1."""

    def __init__(self, data: bytes, shown: str) -> None:
        self._style = Style.of(data)
        self._shown = shown
        self._lines = split(_decoded(data[len(self._style.bom) :], shown))

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self._style.bom + "".join(self._lines).encode()

    def span(self, ranges: Sequence[int], *, clamp: bool) -> tuple[int, int]:
        """Return the first and last line that a range means; -1 is the last line of the file.

        With ``clamp`` a range may reach over the file's ends, as long as it touches the file.
        """
        if len(ranges) != 2 or 0 in ranges:
            raise BadLines(f"ranges is {list(ranges)}; it has to be [first, last], from 1, or from -1 at the end")
        count = len(self._lines)
        first, last = (number if number > 0 else count + 1 + number for number in ranges)
        if first > last:
            raise BadLines(f"the range {list(ranges)} of {self._shown!r} ends before it starts; it has {count} lines")
        if first > count or last < 1 or (not clamp and (first < 1 or last > count)):
            raise BadLines(f"the range {list(ranges)} is out of bounds: {self._shown!r} has {count} lines")
        return max(first, 1), min(last, count)

    def replace(self, first: int, last: int, content: str) -> int:
        """Put this text in the place of whole lines; returns the number of its lines."""
        fresh = split(self._style.text(content))
        self._splice(first - 1, last, fresh)
        return len(fresh)

    def insert(self, number: int, content: str) -> int:
        """Insert this text as whole lines before a line, or after the last; returns the number of its lines."""
        if not 1 <= number <= len(self._lines) + 1:
            raise BadLines(
                f"line_number is {number}, and has to be between 1 and {len(self._lines) + 1}: "
                f"{self._shown!r} has {len(self._lines)} lines"
            )
        fresh = split(self._style.text(content))
        self._splice(number - 1, number - 1, fresh)
        return len(fresh)

    def _splice(self, start: int, end: int, fresh: list[str]) -> None:
        """Replace lines, so that every line but the last ends with a newline, and the last one if it did before."""
        ended = bool(self._lines) and self._lines[-1].endswith("\n")
        self._lines[start:end] = fresh
        for index in (start - 1, start + len(fresh) - 1):
            if 0 <= index < len(self._lines) - (not ended) and not self._lines[index].endswith("\n"):
                self._lines[index] += self._style.newline or "\n"

    def numbered(self, first: int, last: int, limit: int) -> tuple[str, int]:
        """Return these lines with their numbers, about ``limit`` characters of them, and the number of the last."""
        shown: list[str] = []
        for number in range(first, last + 1):
            line = f"{number}: {_displayed(self._lines[number - 1])}"
            limit -= len(line) + 1
            if limit < 0 and shown:
                return "\n".join(shown), number - 1
            shown.append(line)
        return "\n".join(shown), last

    def around(self, first: int, count: int, limit: int) -> str:
        """Return lines that have changed, with their numbers and the lines around them."""
        return self.numbered(max(1, first - CONTEXT), min(len(self._lines), first + count - 1 + CONTEXT), limit)[0]


def split(text: str) -> list[str]:
    """Return the lines of a text, each with its ending."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _decoded(data: bytes, shown: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotEditable(f"{shown!r} is not UTF-8 text", why=f"The byte at {error.start} is not") from None
    if "\0" in text:
        raise NotEditable(f"{shown!r} is not text: it contains null bytes")
    return text


def _displayed(line: str) -> str:
    text = line.rstrip("\n").removesuffix("\r")
    if len(text) > LONGEST_LINE:
        text = f"{text[:LONGEST_LINE]} [… {len(text) - LONGEST_LINE:,} characters left out …]"
    return printable(text)
