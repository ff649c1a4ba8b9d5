"""How large an image is, read from its first bytes: what providers charge for images goes by their pixels."""

from __future__ import annotations

from struct import error, unpack_from

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""The markers that begin a JPEG frame, whose header holds the size (ITU-T T.81, table B.1)."""


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, JPEG, GIF or WebP image; None for anything else."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return unpack_from(">II", content, 16)
        if content[:4] == b"GIF8":
            return unpack_from("<HH", content, 6)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
    except (IndexError, error):
        return None
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    """WebP container specification (RFC 9649): lossy, lossless and extended files keep the size in three ways."""
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = unpack_from("<I", content, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    place = 2
    while content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FRAMES:
            height, width = unpack_from(">HH", content, place + 5)
            return width, height
        if marker == 0xFF:
            place += 1  # a fill byte
        else:
            place += 2 + unpack_from(">H", content, place + 2)[0]
    return None
