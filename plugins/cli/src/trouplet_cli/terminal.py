"""Where the command line writes: what a stream can show, and safe writing to it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from trouplet_cli.safe_text import clipped, display_width, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TextIO

    Style = Literal["", "dim", "bold", "red", "green", "cyan"]

_STYLES = {"dim": "\x1b[2m", "bold": "\x1b[1m", "red": "\x1b[31m", "green": "\x1b[32m", "cyan": "\x1b[36m"}
_RESET = "\x1b[0m"
_ERASE_LINE = "\r\x1b[2K"


class Cursor:
    """The column in which a terminal's next character goes, and whether a sign of life stands there.

    Shared by the streams that lead to one terminal.
    """

    __slots__ = ("column", "transient")

    def __init__(self) -> None:
        self.column = 0
        self.transient = False

    def advance(self, text: str) -> None:
        """Take note of text that was written."""
        _, newline, last = text.rpartition("\n")
        if newline:
            self.column = 0
        self.column += display_width(last)


class Terminal:
    """One output stream. What is written is made safe first; styles are for capable terminals only."""

    def __init__(
        self, stream: TextIO, *, environ: Mapping[str, str] = os.environ, cursor: Cursor | None = None
    ) -> None:
        self.stream = stream
        self.is_tty = stream.isatty()
        self.live = self.is_tty and is_capable(environ)
        self.styled = self.live and not environ.get("NO_COLOR")
        self.cursor = cursor or Cursor()

    @property
    def width(self) -> int:
        """The columns of a line."""
        from shutil import get_terminal_size

        return max(20, get_terminal_size((100, 24)).columns) if self.is_tty else 100

    @property
    def column(self) -> int:
        """The column in which the next character goes."""
        return self.cursor.column

    def write(self, text: str, style: Style = "") -> None:
        """Write text, at once visible."""
        self.erase_transient()
        safe = printable(text)
        self.cursor.advance(safe)
        self.stream.write(f"{_STYLES[style]}{safe}{_RESET}" if style and self.styled else safe)
        self.stream.flush()

    def line(self, text: str = "", style: Style = "") -> None:
        """Write a line of its own."""
        self.fresh_line()
        self.write(text, style)
        self.write("\n")

    def fresh_line(self) -> None:
        """Begin a line, unless one has just begun."""
        self.erase_transient()
        if self.column:
            self.write("\n")

    def right(self, text: str, style: Style = "") -> None:
        """End the line with text at its right; on the next line where there is no room."""
        self.erase_transient()
        room = self._room_for(text)
        if self.column and room < 2:
            self.write("\n")
            room = self._room_for(text)
        self.write(" " * room + text, style)
        self.write("\n")

    def _room_for(self, text: str) -> int:
        """Return the spaces before text that ends the line."""
        if not self.live:
            return 2 if self.column else 0
        return self.width - self.column % self.width - display_width(text)

    def transient(self, text: str) -> None:
        """Show a sign of life on an empty line; the next thing that is written replaces it."""
        if not self.styled or self.column:
            return
        self.erase_transient()
        self.stream.write(f"{_STYLES['dim']}{clipped(one_line(text), self.width - 1)}{_RESET}")
        self.stream.flush()
        self.cursor.transient = True

    def erase_transient(self) -> None:
        """Take the sign of life away."""
        if self.cursor.transient:
            self.cursor.transient = False
            self.stream.write(_ERASE_LINE)


def is_capable(environ: Mapping[str, str]) -> bool:
    """Whether the environment allows more than plain lines."""
    return environ.get("TERM") != "dumb" and not environ.get("CI")


def standard_streams() -> tuple[Terminal, Terminal]:
    """Return stdout and stderr; they share a cursor when both lead to a terminal."""
    out = Terminal(sys.stdout)
    shared = out.cursor if out.is_tty and sys.stderr.isatty() else None
    return out, Terminal(sys.stderr, cursor=shared)


def can_ask() -> bool:
    """Whether there is a person who can be asked: a terminal to read from and one to write to, and no CI."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")
