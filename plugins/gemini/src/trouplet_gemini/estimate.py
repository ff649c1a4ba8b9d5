"""A local estimate of what messages cost: how the API's one number is shared out among them.

Four bytes of UTF-8 a token, which is Google's rule of thumb of four characters and fits scripts whose characters take
more bytes too; what Google says an image costs (a tile of 258 tokens until Gemini 2.5, 1,120 tokens since); thirty
seconds of sound at 32 tokens a second and ten of video at 300, as neither's length is known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.messages import (
    ImageBlock,
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    VideoBlock,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.messages import ContentBlock, Msg

_FRAME = 4
_AUDIO = 30 * 32
_VIDEO = 10 * 300


def estimate(msg: Msg, *, image_tokens: int) -> int:
    """Return about how many tokens a message costs; at least those of its frame."""
    return _FRAME + _of_blocks(msg.content, image_tokens)


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


def _of_blocks(blocks: Iterable[ContentBlock], image_tokens: int) -> int:
    return sum([_of_block(block, image_tokens) for block in blocks])


def _of_block(block: ContentBlock, image_tokens: int) -> int:
    match block:
        case TextBlock(text=text) | ThinkingBlock(thinking=text):
            return _of_text(text)
        case ToolUseBlock(name=name, input=arguments):
            return _FRAME + _of_text(name) + estimate_json(dict(arguments))
        case ToolResultBlock(name=name, output=output):
            return _FRAME + _of_text(name) + _of_blocks(output, image_tokens)
        case MediaBlock():
            return (
                image_tokens if isinstance(block, ImageBlock) else _VIDEO if isinstance(block, VideoBlock) else _AUDIO
            )


def _of_text(text: str) -> int:
    return (len(text.encode(errors="replace")) + 3) // 4
