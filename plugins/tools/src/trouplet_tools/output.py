"""What a process wrote to a stream: its beginning and its end in bounded memory, and how much there was in all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trouplet_tools.plain_text import printable

ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC: titles, links, payloads
    r"|\x1b[ -/]*[0-~]"
)


@dataclass(slots=True)
class Output:
    """A stream's first and last bytes, and its size in bytes; ``head`` alone when nothing was left out."""

    head: bytes
    tail: bytes
    size: int

    @property
    def dropped(self) -> int:
        """The number of bytes between head and tail that were not kept."""
        return self.size - len(self.head) - len(self.tail)

    @property
    def text(self) -> str:
        """The output as text that no terminal obeys, with a line that counts what was left out.

        Bytes that are not UTF-8 and control characters become U+FFFD, escape sequences vanish, every line ends with a
        newline character alone.
        """
        if not self.dropped:
            return _decoded(self.head + self.tail)
        head, tail = _decoded(_whole_start(self.head)), _decoded(_whole_end(self.tail))
        return f"{head}\n[… {self.dropped:,} of {self.size:,} bytes left out …]\n{tail}"


def _decoded(data: bytes) -> str:
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return printable(ESCAPE_SEQUENCES.sub("", text))


def _whole_start(data: bytes) -> bytes:
    """Cut a character that the end of the data has split."""
    for length in range(1, min(4, len(data)) + 1):
        lead = data[-length]
        if lead >= 0xC0:
            needed = 2 + (lead >= 0xE0) + (lead >= 0xF0)
            return data[:-length] if needed > length else data
        if lead < 0x80:
            break
    return data


def _whole_end(data: bytes) -> bytes:
    """Cut the rest of a character that the start of the data has split."""
    start = 0
    while start < min(3, len(data)) and 0x80 <= data[start] < 0xC0:
        start += 1
    return data[start:]


class HeadAndTail:
    """Collects a stream, keeping ``limit`` bytes: one half from its beginning, the other from its end."""

    __slots__ = ("_head", "_head_limit", "_size", "_tail", "_tail_limit")

    def __init__(self, limit: int) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._head_limit = limit // 2
        self._tail_limit = limit - limit // 2
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Take in the next piece of the stream."""
        self._size += len(chunk)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk[-self._tail_limit :]
        if len(self._tail) > 2 * self._tail_limit:
            del self._tail[: -self._tail_limit]

    def output(self) -> Output:
        """Return what was collected so far."""
        return Output(bytes(self._head), bytes(self._tail[-self._tail_limit :]), self._size)
