"""Messages as input items of the Responses API."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from trouplet.conversation import MEDIA, ChatFormatter, arguments_json, own_thinking, result_text
from trouplet.messages import ImageBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trouplet.messages import ContentBlock, MediaBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader

    Item = dict[str, object]


class OpenAIResponsesFormatter(ChatFormatter):
    """The formatter for the Responses API, which has an item for each block.

    Reasoning goes back with its encrypted content, which is how a conversation that OpenAI does not store keeps its
    train of thought. ``image_detail`` goes with every image; ``media`` gives the loader of media. The API has no place
    for audio and video (OpenAI API reference, Responses: input, November 2026).
    """

    takes = frozenset(("image",))

    def __init__(self, *, image_detail: str | None = None, media: Callable[[], MediaLoader] | None = None) -> None:
        self._image_detail = image_detail
        self._media = media

    def fit(self, info: ModelInfo) -> None:
        """Take images only if this model does."""
        super().fit(info)
        self.takes &= OpenAIResponsesFormatter.takes

    async def format_message(self, msg: Msg) -> list[Item]:
        """Return the items of one message: none for an empty one."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return list(self._assistant(msg))
        if msg.role == "system" or not any([isinstance(block, MEDIA) for block in msg.content]):
            return [{"role": msg.role, "content": msg.text}] if msg.text else []
        return [{"role": "user", "content": await self._content(msg.content)}]

    def _assistant(self, msg: Msg) -> Iterator[Item]:
        own = own_thinking(msg, "openai")
        for block in msg.content:
            if isinstance(block, TextBlock) and block.text:
                kept = (block.extra or {}).get("openai")
                phase = kept.get("phase") if isinstance(kept, dict) else None
                yield {"role": "assistant", "content": block.text, **({"phase": phase} if phase else {})}
            elif isinstance(block, ThinkingBlock) and block in own:
                yield from _reasoning(block)
            elif isinstance(block, ToolUseBlock):
                yield {
                    "type": "function_call",
                    "call_id": block.id,
                    "name": block.name,
                    "arguments": arguments_json(block),
                }
            elif isinstance(block, MEDIA):
                note(f"OpenAI's API has no place for the {block.type} of an assistant: it was left out")

    async def _results(self, msg: Msg) -> list[Item]:
        return [
            {"type": "function_call_output", "call_id": result.id, "output": await self._output(result)}
            for result in msg.blocks(ToolResultBlock)
        ]

    async def _output(self, result: ToolResultBlock) -> str | list[Item]:
        if not any([isinstance(block, ImageBlock) for block in result.output]):
            return result_text(result)
        return await self._content(result.output)

    async def _content(self, blocks: tuple[ContentBlock, ...]) -> list[Item]:
        return [
            _input_text(block.text) if isinstance(block, TextBlock) else await self._part(block)
            for block in blocks
            if isinstance(block, MEDIA) or (isinstance(block, TextBlock) and block.text)
        ]

    async def _part(self, block: MediaBlock) -> Item:
        url = self._loader.link(block) or (await self._loader.data(block)).data_url
        detail = self._image_detail or "auto"
        return {"type": "input_image", "image_url": url, "detail": detail}

    @cached_property
    def _loader(self) -> MediaLoader:
        if self._media is not None:
            return self._media()
        from trouplet_http import MediaLoader

        return MediaLoader()


def _reasoning(block: ThinkingBlock) -> Iterator[Item]:
    kept = (block.extra or {}).get("openai")
    reasoning = kept.get("reasoning") if isinstance(kept, dict) else None
    if isinstance(reasoning, dict):
        summary = [{"type": "summary_text", "text": block.thinking}] if block.thinking else []
        yield {"type": "reasoning", "summary": summary, **reasoning}


def _input_text(text: str) -> Item:
    return {"type": "input_text", "text": text}
