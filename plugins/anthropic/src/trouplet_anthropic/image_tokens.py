"""How many tokens an image costs: one for each square of 28 by 28 pixels, begun ones too.

A larger image is scaled down first: to 2,016 pixels a side for the models with the newer tokenizer, and for older ones
to 1,568 pixels a side and 1,568 tokens. The squares and the larger limit are those that answers of Claude Haiku 4.5 and
Opus 5.5 show for images of ten sizes (November 2026); the smaller limits are from Anthropic's page on vision.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from math import ceil, sqrt
from typing import TYPE_CHECKING

from trouplet.messages import Base64Source
from trouplet_http import image_size

if TYPE_CHECKING:
    from trouplet.messages import MediaBlock

UNKNOWN = 1600
"""What is assumed of an image whose size is not at hand."""

_SQUARE = 28
_HEAD = 96 * 1024  # characters of base64 that hold the size of almost any image; a multiple of 4


def image_tokens(block: MediaBlock, *, newer: bool) -> int:
    """Return the tokens of an image."""
    source = block.source
    size = _size(source.data) if isinstance(source, Base64Source) else None
    if size is None or 0 in size:
        return UNKNOWN
    if newer:
        return _squares(size, min(1.0, 2016 / max(size)))
    tokens = _squares(size, scale := min(1.0, 1568 / max(size)))
    return tokens if tokens <= 1568 else min(1568, _squares(size, scale * sqrt(1568 / tokens)))


def _size(data: str) -> tuple[int, int] | None:
    try:
        return image_size(b64decode(data[:_HEAD]))
    except Error:
        return None


def _squares(size: tuple[int, int], scale: float) -> int:
    width, height = size
    return ceil(width * scale / _SQUARE) * ceil(height * scale / _SQUARE)
