"""Folds a model's chunks into blocks: appended once, joined once, never copied on the way."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from trouplet.errors import InvalidArguments
from trouplet.messages import TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, MediaChunk, ModelResponse, TextChunk, ThinkingChunk, ToolCallChunk, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from json import JSONDecoder

    from trouplet.messages import ContentBlock
    from trouplet.model_io import Chunk


class _Part:
    """A block under construction: ``kind`` is the class of its chunks."""

    __slots__ = ("block", "extra", "id", "kind", "name", "number", "pieces")

    def __init__(self, kind: type[Chunk], number: int) -> None:
        self.kind = kind
        self.number = number
        self.pieces: list[str] = []
        self.extra: dict[str, object] | None = None
        self.id = ""
        self.name = ""
        self.block: ContentBlock | None = None


class ResponseBuilder:
    """Takes the chunks of one answer, in order.

    Text and thinking chunks that follow each other make one block; a chunk that carries ``extra`` is the last of its
    block. Tool calls are told apart by their index and may be interleaved.
    """

    __slots__ = ("_calls", "_last", "_parts", "finish")

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._last: _Part | None = None
        self._calls: dict[int, _Part] = {}
        self.finish: Finish | None = None

    def add(self, chunk: Chunk) -> int:
        """Take the next chunk and return the number of its block (-1: it belongs to none)."""
        kind = type(chunk)
        last = self._last
        if kind is TextChunk or kind is ThinkingChunk:
            if last is None or last.kind is not kind:
                last = self._last = self._open(kind)
            last.pieces.append(chunk.text)  # type: ignore[union-attr]
            if chunk.extra is not None:  # type: ignore[union-attr]
                last.extra = {**(last.extra or {}), **chunk.extra}  # type: ignore[union-attr]
                self._last = None
            return last.number
        return self._add_other(chunk)

    def _add_other(self, chunk: Chunk) -> int:
        self._last = None
        if isinstance(chunk, ToolCallChunk):
            return self._add_call(chunk)
        if isinstance(chunk, MediaChunk):
            part = self._open(MediaChunk)
            part.block = chunk.block
            return part.number
        if isinstance(chunk, Finish):
            self.finish = chunk
        return -1

    def _add_call(self, chunk: ToolCallChunk) -> int:
        part = self._calls.get(chunk.index)
        if part is None:
            part = self._calls[chunk.index] = self._open(ToolCallChunk)
        part.id = part.id or chunk.id or ""
        part.name = part.name or chunk.name or ""
        if chunk.arguments:
            part.pieces.append(chunk.arguments)
        if chunk.extra is not None:
            part.extra = {**(part.extra or {}), **chunk.extra}
        return part.number

    def _open(self, kind: type[Chunk]) -> _Part:
        part = _Part(kind, len(self._parts))
        self._parts.append(part)
        return part

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(["".join(part.pieces) for part in self._parts if part.kind is TextChunk])

    def blocks(self, *, calls: bool = True) -> tuple[ContentBlock, ...]:
        """The blocks so far; without ``calls``, only what is safe to keep of an answer that broke off."""
        made = [_block(part) for part in self._parts if calls or part.kind is not ToolCallChunk]
        return tuple([block for block in made if block is not None])

    def response(self) -> ModelResponse:
        """The whole answer. Only after its ``Finish``."""
        finish = self.finish
        assert finish is not None, "an answer without its Finish is not complete"
        return ModelResponse(
            self.blocks(),
            finish.reason,
            finish.usage or Usage.not_reported(),
            finish.response_id,
            finish.model,
            finish.metadata or {},
        )


def _block(part: _Part) -> ContentBlock | None:
    text = "".join(part.pieces)
    if part.kind is TextChunk:
        return TextBlock(text, part.extra) if text or part.extra else None
    if part.kind is ThinkingChunk:
        return ThinkingBlock(text, part.extra) if text or part.extra else None
    if part.kind is ToolCallChunk:
        return ToolUseBlock(part.id, part.name, _arguments_or_none(text), text, part.extra)
    return part.block


def _arguments_or_none(text: str) -> Mapping[str, object]:
    try:
        return parse_arguments(text)
    except InvalidArguments:
        return {}


def parse_arguments(text: str) -> dict[str, object]:
    """Parse a call's arguments strictly: one JSON object, no duplicate keys, no NaN, no lone surrogates.

    No text at all means no arguments. Raises ``InvalidArguments``; nothing is ever repaired.
    """
    if not text or text == "{}":
        return {}
    try:
        value = _decoder().decode(text)
        if "\\u" in text:
            _check_surrogates(value)
    except (ValueError, RecursionError) as error:
        raise InvalidArguments("the arguments are not valid JSON", why=str(error)) from None
    if not isinstance(value, dict):
        raise InvalidArguments(f"the arguments are a JSON {type(value).__name__}, not an object")
    return value


@cache
def _decoder() -> JSONDecoder:
    from json import JSONDecoder

    return JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite)


def _check_surrogates(value: object) -> None:
    from json import dumps

    dumps(value, ensure_ascii=False).encode()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has the same key twice")
    return made


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")
