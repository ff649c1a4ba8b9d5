"""Tells where the body of an HTTP/1.1 response ends (RFC 9112, sections 6 and 7).

A framing is fed with what arrives after the head. It returns the body's own bytes, everything that one read brought
in one piece: a burst of small chunks costs one pass over the buffer instead of one event each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from httpx import RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")
_MAX_CHUNK_HEAD = 4096
_MAX_TRAILERS = 16384


class Framing(Protocol):
    """Takes the bytes of one response body. ``excess`` says that more came than belongs to it."""

    done: bool
    excess: bool

    def feed(self, data: bytes) -> bytes:
        """Return the part of the body that ``data`` holds."""
        ...

    def end(self) -> None:
        """Take note that the connection has ended; raise if the body has not."""
        ...


class LengthFraming:
    """A body of a length that is known."""

    __slots__ = ("_left", "done", "excess")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length
        self.excess = False

    def feed(self, data: bytes) -> bytes:
        """Return ``data`` up to the end of the body."""
        if len(data) > self._left:
            self.excess = True
            data = data[: self._left]
        self._left -= len(data)
        self.done = not self._left
        return data

    def end(self) -> None:
        """Raise: the connection ended within the body."""
        raise RemoteProtocolError(f"The connection ended {self._left} bytes before the end of the response.")


class OpenFraming:
    """A body that ends with its connection."""

    __slots__ = ("done", "excess")

    def __init__(self) -> None:
        self.done = False
        self.excess = True
        """Such a connection is never used again."""

    def feed(self, data: bytes) -> bytes:
        """Return all of it."""
        return data

    def end(self) -> None:
        """End the body."""
        self.done = True


class ChunkedFraming:
    """A body in chunks, each with its size before it; trailers are read and dropped."""

    __slots__ = ("_buffer", "_in_trailers", "_left", "_trailer_bytes", "done", "excess")

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        """What is left of the current chunk, its closing CRLF included; 0 between chunks."""
        self._in_trailers = False
        self._trailer_bytes = 0
        self.done = False
        self.excess = False

    def feed(self, data: bytes) -> bytes:
        """Return the content of the chunks in ``data``, joined."""
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        content: list[bytes] = []
        position = self._read_chunks(data, content)
        if self._in_trailers:
            position = self._read_trailers(data, position)
        if self.done:
            self.excess = position < len(data)
        else:
            self._buffer = data[position:]
        return content[0] if len(content) == 1 else b"".join(content)

    def end(self) -> None:
        """Raise: the connection ended before the last chunk."""
        raise RemoteProtocolError("The connection ended before the last chunk of the response.")

    def _read_chunks(self, data: bytes, content: list[bytes]) -> int:
        position, size = 0, len(data)
        match_head = _CHUNK_HEAD.match
        while position < size and not self._in_trailers:
            if self._left:
                position = self._read_content(data, position, content)
                if self._left:
                    break
            head = match_head(data, position)
            if head is None:
                self._check_partial_head(data, position)
                break
            position = head.end()
            length = int(head[1], 16)
            if not length:
                self._in_trailers = True
            else:
                self._left = length + 2
        return position

    def _read_content(self, data: bytes, position: int, content: list[bytes]) -> int:
        """Take what is there of the current chunk; its CRLF may still be on its way."""
        end = position + self._left
        if end <= len(data):
            if data[end - 2 : end] != b"\r\n":
                raise RemoteProtocolError("A chunk of the response is longer than its size says.")
            content.append(data[position : end - 2])
            self._left = 0
            return end
        here = min(len(data) - position, self._left - 2)
        if here > 0:
            content.append(data[position : position + here])
            self._left -= here
            position += here
        return position

    @staticmethod
    def _check_partial_head(data: bytes, position: int) -> None:
        line_end = data.find(b"\n", position)
        if line_end >= 0 or len(data) - position > _MAX_CHUNK_HEAD:
            raise RemoteProtocolError(f"The response has an invalid chunk size: {data[position : position + 32]!r}")

    def _read_trailers(self, data: bytes, position: int) -> int:
        while True:
            line_end = data.find(b"\r\n", position)
            if line_end < 0:
                if len(data) - position > _MAX_TRAILERS:
                    raise RemoteProtocolError("The response has trailers without end.")
                return position
            self._trailer_bytes += line_end + 2 - position
            if self._trailer_bytes > _MAX_TRAILERS:
                raise RemoteProtocolError("The response has trailers without end.")
            if line_end == position:
                self.done = True
                return line_end + 2
            if _TRAILER.fullmatch(data, position, line_end) is None:
                raise RemoteProtocolError("The response has an invalid trailer.")
            position = line_end + 2


def framing_of(method: bytes, status: int, headers: Iterable[tuple[bytes, bytes]]) -> Framing:
    """Return the framing of a response's body. ``headers`` have been checked and lower-cased by h11."""
    if method == b"HEAD" or status in (204, 304):
        return LengthFraming(0)
    found = dict(headers)
    if b"transfer-encoding" in found:
        return ChunkedFraming()
    if b"content-length" in found:
        return LengthFraming(int(found[b"content-length"]))
    return OpenFraming()
