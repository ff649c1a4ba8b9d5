"""Turns what a tool returns into content blocks, and keeps it within its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.messages import AudioBlock, ImageBlock, Msg, TextBlock, ToolResultBlock, VideoBlock

if TYPE_CHECKING:
    from trouplet.messages import ContentBlock

OUTPUT_BLOCKS = (TextBlock, ImageBlock, AudioBlock, VideoBlock)


def as_output(value: object) -> tuple[ContentBlock, ...]:
    """Return what a tool returned as blocks: text as it is, blocks as they are, anything else as JSON."""
    if isinstance(value, str):
        return (TextBlock(value),)
    if value is None:
        return ()
    if isinstance(value, OUTPUT_BLOCKS):
        return (value,)
    if isinstance(value, (list, tuple)) and value and all([isinstance(item, OUTPUT_BLOCKS) for item in value]):
        return tuple(value)
    if isinstance(value, (Msg, ToolResultBlock)):
        content = value.content if isinstance(value, Msg) else value.output
        return tuple([block for block in content if isinstance(block, OUTPUT_BLOCKS)])
    return (TextBlock(_as_json(value)),)


def _as_json(value: object) -> str:
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode(errors="replace")
    from pydantic_core import to_json

    return to_json(value, fallback=str, inf_nan_mode="constants").decode()


def capped(output: tuple[ContentBlock, ...], limit: int) -> tuple[ContentBlock, ...]:
    """Return output whose text has at most about ``limit`` bytes: head and tail are kept, and the gap is counted.

    Empty output becomes a text that says so, as providers refuse empty results.
    """
    if len(output) == 1 and isinstance(output[0], TextBlock):
        text = output[0].text
        if text.isascii() and 0 < len(text) <= limit:
            return output
    made: list[ContentBlock] = []
    left = limit
    for block in output:
        if isinstance(block, TextBlock):
            text = _head_and_tail(_printable(block.text), left)
            left = max(0, left - len(text.encode()))
            if text:
                made.append(TextBlock(text, block.extra))
        else:
            made.append(block)
    return tuple(made) or (TextBlock("(no output)"),)


def _printable(text: str) -> str:
    """Replace lone surrogates, which no provider can be sent."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _head_and_tail(text: str, limit: int) -> str:
    data = text.encode()
    if len(data) <= limit:
        return text
    half = limit // 2
    head = data[:half].decode(errors="ignore")
    tail = data[len(data) - half :].decode(errors="ignore") if half else ""
    return f"{head}\n[… {len(data) - 2 * half} of {len(data)} bytes left out …]\n{tail}"
