"""``TiktokenCounter``: counts tokens offline, with OpenAI's own tokenizer.

Text is exact. What a request puts around it is not documented; OpenAI's cookbook ("How to count tokens with tiktoken")
gives the figures used here: three tokens a message and three for the beginning of the answer, one for a name, and a
price list for the parts of a tool. They agree with the API for messages and flat tools of the gpt-4o family; calls and
results are counted as the text that they hold, and nested schemas as their JSON, which the API turns into something
shorter.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from trouplet.conversation import arguments_json
from trouplet.errors import MissingPart
from trouplet.messages import Base64Source, ImageBlock, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import TokenCount
from trouplet_http import image_size
from trouplet_openai.image_tokens import image_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktoken import Encoding

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import ToolSchema

_MESSAGE, _ANSWER, _NAME = 3, 3, 1
_TOOL, _PROPERTIES, _PROPERTY, _ENUM, _ENUM_ITEM, _TOOLS = 7, 3, 3, -3, 3, 12
_HEADER = 4096 * 4
"""Characters of base64 in which the size of an image is looked for."""


class TiktokenCounter:
    """Counts tokens as a model of OpenAI would; a message that was counted is not counted again.

    Needs ``tiktoken`` (``pip install 'trouplet-openai[tokenizer]'``), which downloads the model's vocabulary once.
    ``encoding`` overrides the model's.
    """

    def __init__(self, model: str, *, encoding: str | None = None) -> None:
        self._model = model
        self._name = encoding
        self._encoding: Encoding | None = None
        self._known: WeakKeyDictionary[Msg, int] = WeakKeyDictionary()

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message, and those of the tools and the frame as the overhead."""
        if self._encoding is None:
            # A thread: the vocabulary is a file of some megabytes, or a download.
            self._encoding = await asyncio.to_thread(_encoding, self._model, self._name)
        return TokenCount([self._message(msg) for msg in messages], _ANSWER + self._tools(tools))

    def _message(self, msg: Msg) -> int:
        known = self._known.get(msg)
        if known is None:
            known = self._known[msg] = self._counted(msg)
        return known

    def _counted(self, msg: Msg) -> int:
        if msg.role == "tool":
            results = msg.blocks(ToolResultBlock)
            return sum([_MESSAGE + 1 + self._blocks(result.output) for result in results])
        name = _NAME + self._text(msg.name) if msg.role == "user" and msg.name != "user" else 0
        return _MESSAGE + 1 + name + self._blocks(msg.content)

    def _blocks(self, blocks: Sequence[ContentBlock]) -> int:
        return sum([self._block(block) for block in blocks])

    def _block(self, block: ContentBlock) -> int:
        match block:
            case TextBlock():
                return self._text(block.text)
            case ToolUseBlock():
                return _MESSAGE + self._text(block.name) + self._text(arguments_json(block))
            case ImageBlock(source=source):
                return image_tokens(self._model, _size(source.data) if isinstance(source, Base64Source) else None)
            case _:
                return 0

    def _tools(self, tools: Sequence[ToolSchema]) -> int:
        return _TOOLS + sum([self._tool(tool) for tool in tools]) if tools else 0

    def _tool(self, tool: ToolSchema) -> int:
        properties = tool.parameters.get("properties")
        listed = properties.items() if isinstance(properties, dict) else ()
        told = _TOOL + self._text(f"{tool.name}:{tool.description.removesuffix('.')}")
        return told + (_PROPERTIES if listed else 0) + sum([self._property(name, one) for name, one in listed])

    def _property(self, name: str, schema: object) -> int:
        if not isinstance(schema, dict):
            return _PROPERTY + self._text(name)
        plain = schema.keys() <= {"type", "description", "enum", "title", "default"}
        kind = str(schema.get("type", "")) if plain else json.dumps(schema, ensure_ascii=False)
        described = f"{name}:{kind}:{str(schema.get('description', '')).removesuffix('.')}"
        choices = schema.get("enum")
        listed = choices if isinstance(choices, list) else []
        enum = (_ENUM if listed else 0) + sum([_ENUM_ITEM + self._text(str(choice)) for choice in listed])
        return _PROPERTY + self._text(described) + enum

    def _text(self, text: str) -> int:
        assert self._encoding is not None, "the vocabulary is loaded first"
        return len(self._encoding.encode_ordinary(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


def _size(data: str) -> tuple[int, int] | None:
    try:
        return image_size(b64decode(data[:_HEADER]))
    except ValueError:
        return None


def _encoding(model: str, name: str | None) -> Encoding:
    try:
        import tiktoken
    except ImportError:
        raise MissingPart("tokens are counted with tiktoken", fix="pip install 'trouplet-openai[tokenizer]'") from None
    if name is not None:
        return tiktoken.get_encoding(name)
    try:
        return tiktoken.encoding_for_model(model)
    except KeyError:
        return tiktoken.get_encoding("o200k_base")
