"""A local estimate of what messages cost: how the API's one number is shared out among them.

Four bytes of UTF-8 a token, which is Google's rule of thumb of four characters and fits scripts whose characters take
more bytes too; what Google says an image costs; thirty seconds of sound at 32 tokens a second and ten of video at 300,
as neither's length is known.

Images cost 1,120 tokens since Gemini 3. Before, one of up to 384 pixels a side costs 258, and so does each tile of a
larger one, whose tiles are of two thirds of its shorter side, from 256 to 768 pixels (Gemini API guides to media
resolution and to images, November 2026). One whose size is not known counts as one tile.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet_http import image_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.messages import ContentBlock, Msg
    from trouplet_gemini.generation import Generation

_FRAME = 4
_AUDIO = 30 * 32
_VIDEO = 10 * 300
_HEADER = 64 * 1024
"""Characters of base64 in which an image has said its size, unless its metadata are large."""


def estimate(msg: Msg, generation: Generation) -> int:
    """Return about how many tokens a message costs a model of this generation; at least those of its frame."""
    return _FRAME + _of_blocks(msg.content, generation)


def estimate_json(value: object) -> int:
    """Return about how many tokens a JSON value costs."""
    return _of_text(json.dumps(value, ensure_ascii=False))


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Share a number out in proportion to the weights: whole numbers whose sum it is."""
    whole = sum(weights)
    made, reached, given = [], 0, 0
    for weight in weights:
        reached += weight
        upto = total * reached // whole
        made.append(upto - given)
        given = upto
    return made


def _of_blocks(blocks: Iterable[ContentBlock], generation: Generation) -> int:
    return sum([_of_block(block, generation) for block in blocks])


def _of_block(block: ContentBlock, generation: Generation) -> int:
    match block:
        case TextBlock(text=text) | ThinkingBlock(thinking=text):
            return _of_text(text)
        case ToolUseBlock(name=name, input=arguments):
            return _FRAME + _of_text(name) + estimate_json(dict(arguments))
        case ToolResultBlock(name=name, output=output):
            return _FRAME + _of_text(name) + _of_blocks(output, generation)
        case ImageBlock():
            return generation.image_tokens * (_tiles(block) if generation.tiles_images else 1)
    return _AUDIO if isinstance(block, AudioBlock) else _VIDEO


def _tiles(image: ImageBlock) -> int:
    size = _size(image)
    if size is None or max(size) <= 384:
        return 1
    side = max(256, min(int(min(size) / 1.5), 768))
    width, height = size
    return -(-width // side) * -(-height // side)


def _size(image: ImageBlock) -> tuple[int, int] | None:
    if not isinstance(image.source, Base64Source):
        return None
    try:
        return image_size(b64decode(image.source.data[:_HEADER]))
    except ValueError:
        return None


def _of_text(text: str) -> int:
    return (len(text.encode(errors="replace")) + 3) // 4
