"""Messages as input items of the Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.conversation import MEDIA, ChatFormatter, arguments_json, holds_media, own_thinking, result_text
from trouplet.messages import TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trouplet.messages import ContentBlock, MediaBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader

    Item = dict[str, object]


class OpenAIResponsesFormatter(ChatFormatter):
    """The formatter for the Responses API, which has an item for each block.

    Reasoning goes back with its encrypted content, which is how a conversation that OpenAI does not store keeps its
    train of thought. ``image_detail`` goes with every image; ``media`` gives the loader of media. ``whole_messages``
    sends what the assistant said as the item that it once was, which llama.cpp insists on; OpenAI takes a short form.
    The API has no place for audio and video (OpenAI API reference, Responses: input, November 2026).
    """

    takes = frozenset(("image",))

    def __init__(
        self,
        *,
        image_detail: str | None = None,
        whole_messages: bool = False,
        media: Callable[[], MediaLoader] | None = None,
    ) -> None:
        self._image_detail = image_detail
        self._whole_messages = whole_messages
        self._media = LazyMedia(media)

    def fit(self, info: ModelInfo) -> None:
        """Take images only if this model does."""
        super().fit(info)
        self.takes &= OpenAIResponsesFormatter.takes

    async def format_message(self, msg: Msg) -> list[Item]:
        """Return the items of one message: none for an empty one."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return self._plain(msg) or list(self._assistant(msg))
        if msg.role == "system" or not holds_media(msg.content):
            return [{"role": msg.role, "content": msg.text}] if msg.text else []
        return [{"role": "user", "content": await self._content(msg.content)}]

    def _plain(self, msg: Msg) -> list[Item]:
        """The item of a message that is one text and nothing else, as most are; empty for any other."""
        first = msg.content[0] if len(msg.content) == 1 and not self._whole_messages else None
        if isinstance(first, TextBlock) and first.text and not first.extra:
            return [{"role": "assistant", "content": first.text}]
        return []

    def _assistant(self, msg: Msg) -> Iterator[Item]:
        own = own_thinking(msg, "openai")
        reasoning: list[Item] = []
        for number, block in enumerate(msg.content):
            if isinstance(block, ThinkingBlock):
                reasoning += _reasoning(block) if block in own else ()
                continue
            item = self._said(block, f"msg_{msg.id}_{number}")
            if item is not None:
                yield from reasoning
                yield item
                reasoning = []
        if reasoning:
            note("reasoning that led to nothing was left out of what OpenAI was sent: it refuses that")

    def _said(self, block: ContentBlock, item_id: str) -> Item | None:
        """The item of what an assistant said or called; None for nothing."""
        if isinstance(block, ToolUseBlock):
            call = {"call_id": block.id, "name": block.name, "arguments": arguments_json(block)}
            return {"type": "function_call", **call}
        if isinstance(block, TextBlock) and block.text:
            kept = (block.extra or {}).get("openai")
            phase = kept.get("phase") if isinstance(kept, dict) else None
            message = _whole_message(block.text, item_id) if self._whole_messages else {"content": block.text}
            return {"role": "assistant", **message, **({"phase": phase} if phase else {})}
        if isinstance(block, MEDIA):
            note(f"OpenAI's API has no place for the {block.type} of an assistant: it was left out")
        return None

    async def _results(self, msg: Msg) -> list[Item]:
        return [
            {
                "type": "function_call_output",
                "call_id": result.id,
                "output": await self._content(result.output) if holds_media(result.output) else result_text(result),
            }
            for result in msg.blocks(ToolResultBlock)
        ]

    async def _content(self, blocks: tuple[ContentBlock, ...]) -> list[Item]:
        return [
            _input_text(block.text) if isinstance(block, TextBlock) else await self._part(block)
            for block in blocks
            if isinstance(block, MEDIA) or (isinstance(block, TextBlock) and block.text)
        ]

    async def _part(self, block: MediaBlock) -> Item:
        url = self._media.link(block) or (await self._media.data(block)).data_url
        detail = self._image_detail or "auto"
        return {"type": "input_image", "image_url": url, "detail": detail}


def _reasoning(block: ThinkingBlock) -> Iterator[Item]:
    kept = (block.extra or {}).get("openai")
    reasoning = kept.get("reasoning") if isinstance(kept, dict) else None
    if isinstance(reasoning, dict):
        summary = [{"type": "summary_text", "text": block.thinking}] if block.thinking else []
        yield {"type": "reasoning", "summary": summary, **reasoning}


def _whole_message(text: str, item_id: str) -> Item:
    content: list[Item] = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": item_id, "status": "completed", "content": content}


def _input_text(text: str) -> Item:
    return {"type": "input_text", "text": text}
