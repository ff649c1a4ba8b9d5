"""Text that goes to models, programs and terminals: what it may contain."""

from __future__ import annotations

from trouplet.errors import InvalidArguments

CONTROLS = {
    number: "\N{REPLACEMENT CHARACTER}" for number in (*range(0x20), *range(0x7F, 0xA0)) if chr(number) not in "\t\n"
}


def printable(text: str) -> str:
    """Replace the control characters that a terminal would obey, other than tab and newline."""
    return text.translate(CONTROLS)


def encoded(text: str, name: str) -> bytes:
    """Return the argument ``name`` as UTF-8; raises ``InvalidArguments`` for text that has no such form."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArguments(f"{name}: character {error.start} is a lone surrogate, which is no text") from None
