"""Text from models, tools and files made safe to print.

A control character is never sent to the terminal: it is shown as its picture (``␛`` for ESC). Nothing is removed, so
that nothing can hide, and each character is looked at by itself, so that a sequence that is cut between two chunks is
as harmless as a whole one.
"""

from __future__ import annotations

import re

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
_TABLE = {
    **_PICTURES,
    ord("\r"): "",
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def printable(text: str) -> str:
    """Return text of several lines with its control characters as pictures; a carriage return is dropped."""
    return text.translate(_TABLE)


def without_colours(text: str) -> str:
    """Return whole text without the colour codes that tools like to write; the rest is left to ``printable``."""
    return _COLOUR.sub("", text)


def one_line(text: str) -> str:
    """Return text as one line; what is invisible (control, bidirectional, format characters) is escaped."""
    return "".join([character if character.isprintable() else _escape(character) for character in text])


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def display_width(text: str) -> int:
    """Return how many columns a terminal needs for text of one line."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum([0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text])


def clipped(text: str, width: int) -> str:
    """Return text of one line cut to a width, with an ellipsis where it was cut."""
    if display_width(text) <= width:
        return text
    kept = text[: max(0, width - 1)]
    while kept and display_width(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}…"
