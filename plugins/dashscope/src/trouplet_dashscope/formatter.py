"""Messages in the form of DashScope's text and multimodal generation.

Text is a string, and a message with media a list of parts, ``{"text": …}``, ``{"image": …}``, in order. Reasoning goes
back as ``reasoning_content``: the newest models go on from it, others ignore it (DashScope API reference and Qwen
Cloud's guide to thinking, November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.conversation import MEDIA, ChatFormatter, arguments_json, own_thinking, promoted_media, result_text
from trouplet.messages import TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trouplet.messages import ContentBlock, MediaBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader


class DashScopeChatFormatter(ChatFormatter):
    """The formatter for one user with one assistant; for several agents put ``MultiAgentFormatter`` around it.

    ``media`` gives the loader of media; without it there is one with the default limits. Speakers have no names in this
    protocol, and what the assistant shows is text.
    """

    def __init__(self, *, media: Callable[[], MediaLoader] | None = None) -> None:
        self._media = LazyMedia(media)

    @classmethod
    def for_model(cls, info: ModelInfo, *, media: Callable[[], MediaLoader] | None = None) -> DashScopeChatFormatter:
        """Return the formatter of a model that takes what its capabilities say."""
        made = cls(media=media)
        made.fit(info)
        return made

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none for an empty one, several for the results of several calls."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return _assistant(msg)
        content = msg.text if msg.role == "system" else await self._content(msg.content)
        return [{"role": msg.role, "content": content}] if content else []

    async def _content(self, blocks: Sequence[ContentBlock]) -> str | list[dict[str, object]]:
        """Plain text as text, anything else as parts."""
        if not any([isinstance(block, MEDIA) for block in blocks]):
            return "\n".join([block.text for block in blocks if isinstance(block, TextBlock)])
        parts: list[dict[str, object]] = []
        for block in blocks:
            if isinstance(block, TextBlock) and block.text:
                parts.append({"text": block.text})
            elif isinstance(block, MEDIA):
                parts.append(await self._part(block))
        return parts

    async def _results(self, msg: Msg) -> list[dict[str, object]]:
        made: list[dict[str, object]] = [
            {"role": "tool", "tool_call_id": result.id, "name": result.name, "content": result_text(result)}
            for result in msg.blocks(ToolResultBlock)
        ]
        parts: list[dict[str, object]] = []
        for result, block in promoted_media(msg):
            parts += [{"text": f"The {block.type} that {result.name} returned:"}, await self._part(block)]
        return [*made, {"role": "user", "content": parts}] if parts else made

    async def _part(self, block: MediaBlock) -> dict[str, object]:
        return {block.type: self._media.link(block) or (await self._media.data(block)).data_url}


def _assistant(msg: Msg) -> list[dict[str, object]]:
    text, calls = msg.text, msg.blocks(ToolUseBlock)
    thinking = "\n".join([block.thinking for block in own_thinking(msg, "dashscope")])
    if any([isinstance(block, MEDIA) for block in msg.content]):
        note("media of the assistant were left out: DashScope takes none in its messages")
    if not text and not calls:
        if thinking:
            note("reasoning that came to no answer was left out: DashScope takes no message of reasoning alone")
        return []
    made: dict[str, object] = {"role": "assistant", "content": text}
    if thinking:
        made["reasoning_content"] = thinking
    if calls:
        made["tool_calls"] = [_call(call, index) for index, call in enumerate(calls)]
    return [made]


def _call(call: ToolUseBlock, index: int) -> dict[str, object]:
    function = {"name": call.name, "arguments": arguments_json(call)}
    return {"id": call.id, "type": "function", "index": index, "function": function}
