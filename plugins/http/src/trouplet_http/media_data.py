"""Media that stand in a message themselves: base64 text and ``data:`` URLs."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from trouplet.errors import BadInput
from trouplet_http.media_types import sniff

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(?: ?; ?{_WORD}={_WORD})*")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WHITE_SPACE = b" \t\r\n\f"
_HEAD = 2048  # characters: more bytes than any signature is long
_QUICK = 256 * 1024
"""Characters or bytes that are decoded on the spot; for more, a thread is worth its way."""
_LINE_BREAKS = 2
"""How much longer than its data a text with line breaks may be; the usual ones make it a thirtieth longer."""


@dataclass(slots=True, frozen=True)
class LoadedMedia:
    """The content of a media block: its type, told by the content where that is possible, and its bytes as base64."""

    media_type: str
    base64: str = field(repr=False)

    @property
    def data(self) -> bytes:
        """The bytes themselves."""
        return b64decode(self.base64)

    @property
    def data_url(self) -> str:
        """The content as a ``data:`` URL."""
        return f"data:{self.media_type};base64,{self.base64}"


async def decode(size: int, work: Callable[[], LoadedMedia]) -> LoadedMedia:
    """Do ``work`` on ``size`` bytes or characters, in a thread if they are many."""
    return work() if size <= _QUICK else await asyncio.to_thread(work)


def media_of_content(content: bytes, kind: str, name: str) -> LoadedMedia:
    """Return what a file or a download holds; raises ``BadInput`` unless it is ``kind`` by its first bytes.

    What a name or a header says of it is not asked for: a text file is not sent as an image, whatever it is called.
    """
    return LoadedMedia(_sniffed(content, kind, name), b64encode(content).decode("ascii"))


def media_of_base64(text: str, declared: str, kind: str, *, limit: int, name: str) -> LoadedMedia:
    """Return what base64 text holds; raises ``BadInput`` for text that is no base64, too long, or not ``kind``.

    The type is the one that the content shows, even if another one of the same kind is declared: providers refuse what
    does not match. Content that shows none keeps the declared type, if that is of the block's kind.
    """
    text, head = _checked(text, limit, name)
    return LoadedMedia(_sniffed(head, kind, name, declared=declared), text)


def media_of_data_url(url: str, kind: str, *, limit: int) -> LoadedMedia:
    """Return what a ``data:`` URL (RFC 2397) holds, with the same rules as for base64 text."""
    head, comma, payload = url.partition(",")
    name = f"the {kind} in a data: URL"
    if not comma:
        raise BadInput(f"{name} has no data", fix="Write data:image/png;base64,...")
    declared = head[len("data:") :].strip()
    if declared.lower().endswith(";base64"):
        declared = declared[: -len(";base64")]
        if "%" in payload:
            payload = unquote_to_bytes(payload).decode("latin-1")
        return media_of_base64(payload, declared, kind, limit=limit, name=name)
    content = unquote_to_bytes(payload)
    check_size(len(content), limit, name)
    return LoadedMedia(_sniffed(content, kind, name, declared=declared), b64encode(content).decode("ascii"))


def check_size(size: int, limit: int, name: str) -> None:
    """Raise ``BadInput`` for more bytes than the limit."""
    if size > limit:
        raise BadInput(f"{name} has more than {limit:,} bytes", fix="Make it smaller, or raise MediaLoader(limit=...)")


def _checked(text: str, limit: int, name: str) -> tuple[str, bytes]:
    """Return base64 text without white space, and the first bytes that it stands for.

    All of it is checked, but only the beginning decoded: that takes a fifth of the time.
    """
    check_size(len(text) * 3 // 4, limit * _LINE_BREAKS + 3, name)
    encoded = text.encode("ascii", "replace")
    rest = encoded.translate(None, _ALPHABET)
    if rest.strip(b"="):
        encoded, rest = (part.translate(None, _WHITE_SPACE) for part in (encoded, rest))
        text = encoded.decode("ascii")
    if len(encoded) % 4 or rest not in (b"", b"=", b"==") or not encoded.endswith(rest):
        raise BadInput(
            f"{name} is not base64",
            why="It has other characters" if rest.strip(b"=") else "Its length or its padding is wrong",
            fix="Use the standard alphabet with its padding: base64.b64encode(data).decode()",
        )
    check_size(len(encoded) // 4 * 3 - len(rest), limit, name)
    return text, b64decode(encoded[:_HEAD])


def _sniffed(content: bytes, kind: str, name: str, *, declared: str = "") -> str:
    if not content:
        raise BadInput(f"{name} is empty")
    found = sniff(content, kind)
    if not found and declared.lower().startswith(f"{kind}/") and _MEDIA_TYPE.fullmatch(declared):
        return declared
    if found.startswith(f"{kind}/"):
        return found
    raise BadInput(
        f"{name} does not hold {kind} data of a known type",
        why=f"Its content is {found}" if found else "Its first bytes are those of no known format",
        fix="Convert it, or give it as what it is",
    )
