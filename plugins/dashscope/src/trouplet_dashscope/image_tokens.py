"""What an image costs: the vendor's formula (Model Studio, "Visual understanding", 2026).

An image is scaled, its sides becoming multiples of a token's side, until its tokens are at least 4 and no more than the
limit; two more tokens mark its beginning and end.
"""

from __future__ import annotations

import math
import re

_COARSE, _FINE = 32, 28
_FINE_MODELS = re.compile(r"qvq|qwen2(\.5)?-vl|qwen-omni")
_LEAST = 4
_MOST = {_COARSE: 2560, _FINE: 1280}
_MOST_IN_HIGH_RESOLUTION = 16_384
_MARKS = 2


def image_tokens(model: str, size: tuple[int, int] | None, *, high_resolution: bool = False) -> int:
    """Return the tokens of an image; of one whose size is not known, as many as it can be."""
    side = _FINE if _FINE_MODELS.match(model) else _COARSE
    most = _MOST_IN_HIGH_RESOLUTION if high_resolution else _MOST[side]
    if size is None or 0 in size:
        return most + _MARKS
    width, height = size
    columns, rows = max(1, round(width / side)), max(1, round(height / side))
    if columns * rows > most:
        scale = math.sqrt(width * height / (most * side * side))
        columns, rows = max(1, math.floor(width / scale / side)), max(1, math.floor(height / scale / side))
    elif columns * rows < _LEAST:
        scale = math.sqrt(_LEAST * side * side / (width * height))
        columns, rows = math.ceil(width * scale / side), math.ceil(height * scale / side)
    return columns * rows + _MARKS
