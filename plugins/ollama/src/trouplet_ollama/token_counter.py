"""``OllamaTokenCounter``: an estimate, for Ollama has no endpoint that counts.

The formula cuts text as the tokenizers of current models do: a word of Latin letters is a token for each six letters,
a digit is one, a sign 0.7, a run of white space that is more than one blank 0.7, a character of another alphabet 0.4,
and one of the Indian and East Asian scripts 0.75. Around each message come five tokens of the template, an image is
taken for ``image_tokens``.

Measured against the tokenizers of Qwen 3.6, DeepSeek V4 and cl100k (which Llama's resembles), in November 2026: prose,
code and JSON -4 % to +12 %, other languages -11 % to +60 % with Qwen's and DeepSeek's (cl100k: -53 %), figures -13 %
to +83 %. Templates and images differ more between models than text does. Exact is only what an answer says that it
cost.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from trouplet.conversation import own_thinking, result_text
from trouplet.messages import ImageBlock, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import TokenCount
from trouplet_ollama.tool_schemas import wrapped_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import ToolSchema

_FRAME = 5
_ANSWER_BEGINS = 3
_LETTERS_A_TOKEN = 6
_PIECES = re.compile(r"([A-Za-z]+)|([0-9])|([\x00-\x20]{2,}|[\n\t])|([!-~])|([\x80-\u08ff])|([^\x00-\x7f])")
_WEIGHTS = (0.0, 0.0, 1.0, 0.7, 0.7, 0.4, 0.75)


class OllamaTokenCounter:
    """Estimates tokens as the models of Ollama's library would count them. ``image_tokens`` is what one image costs."""

    def __init__(self, *, image_tokens: int = 768) -> None:
        self._image_tokens = image_tokens
        self._known: WeakKeyDictionary[Msg, tuple[object, int]] = WeakKeyDictionary()

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message; those of the tools and of the answer's beginning are the overhead."""
        counts = [self._of_message(msg) for msg in messages]
        overhead = _ANSWER_BEGINS if messages else 0
        if tools:
            overhead += estimated_tokens(json.dumps(wrapped_tools(tools), ensure_ascii=False))
        return TokenCount(counts, overhead)

    def _of_message(self, msg: Msg) -> int:
        known = self._known.get(msg)
        if known is not None and known[0] is msg.content:  # messages are equal by id: their content may differ
            return known[1]
        tokens = _FRAME + sum([estimated_tokens(text) for text in _texts(msg)])
        tokens += self._image_tokens * _images(msg.content)
        self._known[msg] = (msg.content, tokens)
        return tokens


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    tokens = 0.0
    for match in _PIECES.finditer(text):
        kind = match.lastindex or 0
        tokens += 1 + (match.end() - match.start() - 1) // _LETTERS_A_TOKEN if kind == 1 else _WEIGHTS[kind]
    return round(tokens + 0.5)


def _texts(msg: Msg) -> Iterator[str]:
    """All that is sent of a message as text."""
    for block in msg.content:
        if isinstance(block, TextBlock):
            yield block.text
        elif isinstance(block, ToolUseBlock):
            yield f"{block.name} {block.raw_input or json.dumps(dict(block.input), ensure_ascii=False)}"
        elif isinstance(block, ToolResultBlock):
            yield f"{block.name} {result_text(block)}"
    if msg.role == "assistant":
        yield from [block.thinking for block in own_thinking(msg, "ollama")]


def _images(blocks: Sequence[ContentBlock]) -> int:
    inner = [block.output for block in blocks if isinstance(block, ToolResultBlock)]
    return sum([isinstance(block, ImageBlock) for block in blocks]) + sum([_images(output) for output in inner])
