"""The chunks of an answer as JSON-able data, and back: ``{"text": …}``, ``{"call": 0, …}``, ``{"finish": "stop"}``."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, assert_never

from trouplet.codec import dump_msg, load_msg
from trouplet.errors import StateError
from trouplet.messages import MediaBlock, Msg
from trouplet.model_io import Finish, MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trouplet.model_io import Chunk


def dump_chunk(chunk: Chunk) -> dict[str, Any]:
    """Return a chunk as JSON-able data."""
    match chunk:
        case TextChunk():
            return _without_none({"text": chunk.text, "extra": chunk.extra})
        case ThinkingChunk():
            return _without_none({"thinking": chunk.text, "extra": chunk.extra})
        case ToolCallChunk():
            return _without_none({
                "call": chunk.index, "id": chunk.id, "name": chunk.name, "arguments": chunk.arguments,
                "extra": chunk.extra,
            })  # fmt: skip
        case MediaChunk():
            return {"media": dump_msg(Msg("", chunk.block))}
        case Finish():
            usage = None if chunk.usage is None else asdict(chunk.usage)
            made = {"response_id": chunk.response_id or None, "model": chunk.model or None, "metadata": chunk.metadata}
            return _without_none({"finish": chunk.reason, "usage": usage, **made})
        case _:
            assert_never(chunk)


def load_chunk(data: Mapping[str, Any]) -> Chunk:
    """Return the chunk that ``dump_chunk`` wrote; raises ``StateError`` for anything else."""
    try:
        kind, first = next(iter(data.items()))
        rest = {name: value for name, value in data.items() if name != kind}
        match kind:
            case "text":
                return TextChunk(first, **rest)
            case "thinking":
                return ThinkingChunk(first, **rest)
            case "call":
                return ToolCallChunk(first, **rest)
            case "media":
                return _media(load_msg(first))
            case "finish":
                usage = rest.pop("usage", None)
                return Finish(first, None if usage is None else Usage(**usage), **rest)
    except (StopIteration, TypeError, AttributeError) as error:
        raise StateError("a stored chunk cannot be read", why=repr(error)) from error
    raise StateError("a stored chunk cannot be read", why=f"its kind is {kind!r}")


def _media(msg: Msg) -> MediaChunk:
    (block,) = msg.blocks(MediaBlock)
    return MediaChunk(block)


def is_complete(chunks: Sequence[Chunk]) -> bool:
    """Whether these chunks are a whole answer, with its ``Finish`` at the end."""
    return bool(chunks) and isinstance(chunks[-1], Finish)


def joined(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Join pieces of text, thinking or one call's arguments that follow each other."""
    groups: list[list[Chunk]] = []
    for chunk in chunks:
        if groups and _continues(groups[-1][-1], chunk):
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return [_one(group) for group in groups]


def _continues(last: Chunk, chunk: Chunk) -> bool:
    """Whether a chunk goes on where the last one stopped; what carries ``extra`` ends its block."""
    if isinstance(chunk, TextChunk | ThinkingChunk):
        return isinstance(last, TextChunk | ThinkingChunk) and type(last) is type(chunk) and last.extra is None
    return (
        isinstance(chunk, ToolCallChunk)
        and isinstance(last, ToolCallChunk)
        and chunk.index == last.index
        and last.extra is None
        and chunk.id is None
        and chunk.name is None
    )


def _one(group: Sequence[Chunk]) -> Chunk:
    first, last = group[0], group[-1]
    if len(group) == 1 or isinstance(first, MediaChunk | Finish) or isinstance(last, MediaChunk | Finish):
        return first
    if isinstance(first, ToolCallChunk):
        arguments = "".join([part.arguments for part in group if isinstance(part, ToolCallChunk)])
        return replace(first, arguments=arguments, extra=last.extra)
    text = "".join([part.text for part in group if isinstance(part, TextChunk | ThinkingChunk)])
    return replace(first, text=text, extra=last.extra)


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
