"""A formatter without a provider: one dictionary per message, nothing left out."""

from __future__ import annotations

from trouplet.messages import Base64Source, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.messages import ContentBlock, Msg, URLSource


class PlainFormatter:
    """Formats a message as ``{"role", "name", "content"}`` with one dictionary per content block."""

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return one dictionary per message."""
        return [
            {"role": msg.role, "name": msg.name, "content": [_plain(block) for block in msg.content]}
            for msg in messages
        ]


def _plain(block: ContentBlock) -> dict[str, object]:
    match block:
        case TextBlock(text=text):
            return {"type": "text", "text": text}
        case ThinkingBlock(thinking=thinking):
            return {"type": "thinking", "thinking": thinking}
        case ToolUseBlock(id=call_id, name=name):
            return {"type": "tool_use", "id": call_id, "name": name, "input": dict(block.input)}
        case ToolResultBlock(id=call_id, name=name, output=output, status=status):
            content = [_plain(part) for part in output]
            return {"type": "tool_result", "id": call_id, "name": name, "status": status, "output": content}
        case _:
            return {"type": block.type, "source": _source(block.source)}


def _source(source: URLSource | Base64Source) -> dict[str, object]:
    if isinstance(source, Base64Source):
        return {"media_type": source.media_type, "data": source.data}
    return {"media_type": source.media_type, "url": source.url}
