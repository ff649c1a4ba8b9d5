"""Reads one JSON object while it is being written.

``JsonMembers`` splits the text into pieces of the object's members, at whatever places the text is cut; it is
no validator: what it makes of text that is not JSON means nothing. ``StringDecoder`` turns the inside of a JSON string
into text, escapes included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    State: TypeAlias = Literal["before", "key", "colon", "value", "string", "other", "after"]

_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_REPLACEMENT = "\ufffd"


class JsonMembers:
    """Splits an object into its members. Only the outermost level is looked at."""

    def __init__(self) -> None:
        self._state: State = "before"
        self._key: list[str] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield ``(key, piece)`` for what the text adds to the values, one piece per value.

        The pieces of a string are raw and without its quotes, those of any other value are its JSON text.
        """
        piece: list[str] = []
        for character in text:
            if self._step(character):
                piece.append(character)
            elif piece and self._state in ("before", "after"):
                yield "".join(self._key), "".join(piece)
                piece = []
        if piece:
            yield "".join(self._key), "".join(piece)

    def _step(self, character: str) -> bool:
        """Take one character; True when it belongs to a value."""
        match self._state:
            case "string":
                return self._string(character)
            case "other":
                return self._other(character)
            case "key":
                self._in_key(character)
            case "colon":
                if character == ":":
                    self._state = "value"
            case "value":
                return self._begin_value(character)
            case _:
                if character == '"':
                    self._state, self._key = "key", []
        return False

    def _in_key(self, character: str) -> None:
        if character == '"':
            self._state = "colon"
        else:
            self._key.append(character)

    def _begin_value(self, character: str) -> bool:
        if character.isspace():
            return False
        if character == '"':
            self._state, self._escaped = "string", False
            return False
        self._state, self._depth, self._in_string, self._escaped = "other", 0, False, False
        return self._other(character)

    def _string(self, character: str) -> bool:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            self._state = "after"
            return False
        return True

    def _other(self, character: str) -> bool:
        if self._in_string:
            self._in_string = self._inside_string(character)
        elif character == '"':
            self._in_string = True
        elif character in "{[":
            self._depth += 1
        elif character in "}]" and self._depth:
            self._depth -= 1
        elif self._depth == 0 and character in ",}]":
            self._state = "after"
            return False
        return True

    def _inside_string(self, character: str) -> bool:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        else:
            return character != '"'
        return True


class StringDecoder:
    """Decodes the inside of a JSON string, cut anywhere. A lone surrogate becomes U+FFFD."""

    def __init__(self) -> None:
        self._held = ""
        self._high = 0

    def feed(self, raw: str) -> str:
        """Return the text that is certain by now."""
        raw = self._held + raw
        out: list[str] = []
        position = 0
        while position < len(raw):
            if raw[position] != "\\":
                end = raw.find("\\", position)
                end = len(raw) if end < 0 else end
                out.append(self._lone() + raw[position:end])
                position = end
                continue
            length = self._escape_length(raw, position)
            if length == 0:
                break
            out.append(self._escape(raw[position + 1 : position + length]))
            position += length
        self._held = raw[position:]
        return "".join(out)

    def flush(self) -> str:
        """Return what is left when the string is over or broke off."""
        self._held = ""
        return self._lone()

    def _escape_length(self, raw: str, position: int) -> int:
        """The length of the escape at a position; 0 when it is not all there."""
        there = len(raw) - position
        needed = 6 if raw[position + 1 : position + 2] == "u" else 2
        return needed if there >= needed else 0

    def _escape(self, escape: str) -> str:
        if escape[0] != "u":
            return self._lone() + _ESCAPES.get(escape, _REPLACEMENT)
        try:
            unit = int(escape[1:], 16)
        except ValueError:
            return self._lone() + _REPLACEMENT
        return self._utf16(unit)

    def _utf16(self, unit: int) -> str:
        if 0xD800 <= unit < 0xDC00:
            before, self._high = self._lone(), unit
            return before
        if 0xDC00 <= unit < 0xE000:
            high, self._high = self._high, 0
            return chr(0x10000 + ((high - 0xD800) << 10) + unit - 0xDC00) if high else _REPLACEMENT
        return self._lone() + chr(unit)

    def _lone(self) -> str:
        high, self._high = self._high, 0
        return _REPLACEMENT if high else ""
