"""What the chat templates of Qwen's models make of messages and tools, as the pieces that tokens are counted of.

There are two: of Qwen3 and before, where calls are JSON, and of Qwen3.5 and later, where they are elements. They are
published with the open models ("tokenizer_config.json", 2025 and 2026). A text that ends in line breaks is one piece
with them, and each special token is a token by itself, so texts are counted from one special token to the next. What
the templates say about tools is here only by its length.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from trouplet.conversation import arguments_json, promoted_media, result_text
from trouplet.messages import MediaBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import ToolSchema


class Pieces:
    """Text and special tokens in order, in as few texts as possible."""

    __slots__ = ("texts", "tokens")

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self.tokens = 0

    def text(self, text: str) -> Pieces:
        """Go on with text."""
        self.texts[-1] += text
        return self

    def token(self, number: int = 1) -> Pieces:
        """Go on with special tokens."""
        self.tokens += number
        self.texts.append("")
        return self

    def count(self, tokens_of: Callable[[str], int]) -> int:
        """Return how many tokens it all is."""
        return self.tokens + sum([tokens_of(text) for text in self.texts if text])


class QwenTemplate:
    """The template of Qwen3 and before."""

    tools_alone: ClassVar[int] = 82
    tools_after_text: ClassVar[int] = 77
    empty_thinking: ClassVar[bool] = False
    begins_thinking: ClassVar[bool] = False

    def message(self, msg: Msg, media: Iterator[int], *, thinking: bool) -> Pieces:
        """Return the pieces of a message, with its reasoning or without; ``media`` gives what each medium costs."""
        pieces = Pieces()
        if msg.role == "tool":
            return self._results(pieces, msg, media)
        if msg.role == "assistant":
            return self._assistant(pieces, msg, thinking=thinking)
        content = _content(Pieces().text(f"{msg.role}\n"), msg.content, media)
        return _turn(pieces, content) if any([_has_content(block) for block in msg.content]) else pieces

    def tools(self, system: str | None, tools: Sequence[ToolSchema], tokens_of: Callable[[str], int]) -> int:
        """Return what tools add to the system prompt."""
        told = sum([tokens_of(f"{_tool_json(tool)}\n") for tool in tools])
        if system is None:
            return self.tools_alone + told
        return self._joint(system, tokens_of) + told

    def answer(self, *, thinks: bool) -> Pieces:
        """Return the pieces with which an answer begins."""
        pieces = Pieces().token().text("assistant\n")
        if not thinks:
            pieces.token().text("\n\n").token().text("\n\n")
        elif self.begins_thinking:
            pieces.token().text("\n")
        return pieces

    def _joint(self, system: str, tokens_of: Callable[[str], int]) -> int:
        return self.tools_after_text + tokens_of(f"system\n{system}\n\n") - tokens_of(f"system\n{system}")

    def _assistant(self, pieces: Pieces, msg: Msg, *, thinking: bool) -> Pieces:
        text, calls = msg.text, msg.blocks(ToolUseBlock)
        if not text and not calls:
            return pieces
        made = Pieces().text("assistant\n")
        reasoning = "\n".join(_own_thoughts(msg))
        if thinking and (reasoning or self.empty_thinking):
            made.token().text(f"\n{reasoning.strip()}\n").token().text("\n\n")
        made.text(text)
        for number, call in enumerate(calls):
            self._call(made, call, first=not number, after_text=bool(text))
        return _turn(pieces, made)

    def _call(self, pieces: Pieces, call: ToolUseBlock, *, first: bool, after_text: bool) -> None:
        pieces.text("\n" if not first or after_text else "").token()
        pieces.text(f'\n{{"name": "{call.name}", "arguments": {arguments_json(call)}}}\n').token()

    def _results(self, pieces: Pieces, msg: Msg, media: Iterator[int]) -> Pieces:
        made = Pieces().text("user")
        for result in msg.blocks(ToolResultBlock):
            made.text("\n").token().text(f"\n{result_text(result)}\n").token()
        _turn(pieces, made)
        promoted = promoted_media(msg)
        if promoted:
            shown = Pieces().text("user\n")
            for result, block in promoted:
                shown.text(f"The {block.type} that {result.name} returned:").token(next(media))
            _turn(pieces, shown)
        return pieces


class ElementTemplate(QwenTemplate):
    """The template of Qwen3.5 and later."""

    tools_alone = 201
    tools_after_text = 199
    empty_thinking = True
    begins_thinking = True

    def _joint(self, system: str, tokens_of: Callable[[str], int]) -> int:
        return self.tools_after_text + tokens_of(system) - tokens_of(f"system\n{system}")

    def _call(self, pieces: Pieces, call: ToolUseBlock, *, first: bool, after_text: bool) -> None:
        pieces.text("" if first and not after_text else "\n\n" if first else "\n").token()
        pieces.text(f"\n<function={call.name}>\n")
        for name, value in call.input.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            pieces.text(f"<parameter={name}>\n{shown}\n</parameter>\n")
        pieces.text("</function>\n").token()


def _turn(pieces: Pieces, content: Pieces) -> Pieces:
    """Add a turn: what begins it, its content, what ends it."""
    pieces.token()
    pieces.texts[-1:] = content.texts
    pieces.tokens += content.tokens
    return pieces.token().text("\n")


def _content(pieces: Pieces, blocks: Sequence[ContentBlock], media: Iterator[int]) -> Pieces:
    if any([isinstance(block, MediaBlock) for block in blocks]):
        for block in blocks:
            if isinstance(block, TextBlock):
                pieces.text(block.text)
            elif isinstance(block, MediaBlock):
                pieces.token(next(media))
        return pieces
    return pieces.text("\n".join([block.text for block in blocks if isinstance(block, TextBlock)]))


def _has_content(block: ContentBlock) -> bool:
    return isinstance(block, MediaBlock) or (isinstance(block, TextBlock) and bool(block.text))


def _own_thoughts(msg: Msg) -> list[str]:
    """The reasoning that is sent back."""
    return [block.thinking for block in msg.blocks(ThinkingBlock) if block.extra and "dashscope" in block.extra]


def _tool_json(tool: ToolSchema) -> str:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False, default=dict)
