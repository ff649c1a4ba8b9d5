"""Messages in the form of Ollama's chat API.

The text of a message is one string, and its images are beside it, as base64: the place of an image within the text is
lost, their order is not. A tool's result names the tool and, for servers that know them, the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.conversation import ChatFormatter, holds_media, own_thinking, promoted_media, result_text
from trouplet.messages import ImageBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trouplet.messages import MediaBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader


class OllamaChatFormatter(ChatFormatter):
    """The formatter for one user with one assistant; for several agents put ``MultiAgentFormatter`` around it.

    ``media`` gives the loader of images; without it there is one with the default limits. Audio and video are not
    taken, by no model: what is sent instead says that there is some. Speakers have no names in this protocol.
    """

    takes = frozenset(("image",))

    def __init__(self, *, media: Callable[[], MediaLoader] | None = None) -> None:
        self._media = LazyMedia(media)

    @classmethod
    def for_model(cls, info: ModelInfo, *, media: Callable[[], MediaLoader] | None = None) -> OllamaChatFormatter:
        """Return the formatter of a model that takes what its capabilities say."""
        made = cls(media=media)
        made.fit(info)
        return made

    def fit(self, info: ModelInfo) -> None:
        """Take images if this model does."""
        super().fit(info)
        self.takes &= OllamaChatFormatter.takes

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none for an empty one, several for the results of several calls."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return _assistant(msg)
        made: dict[str, object] = {"role": msg.role, "content": msg.text}
        if msg.role == "user" and holds_media(msg.content):
            made["images"] = await self._images(msg.blocks(ImageBlock))
        return [made] if made["content"] or made.get("images") else []

    async def _results(self, msg: Msg) -> list[dict[str, object]]:
        made: list[dict[str, object]] = [
            {"role": "tool", "tool_name": result.name, "tool_call_id": result.id, "content": result_text(result)}
            for result in msg.blocks(ToolResultBlock)
        ]
        media = promoted_media(msg)
        if media:
            names = ", ".join([result.name for result, _ in media])
            images = await self._images([block for _, block in media])
            made.append({"role": "user", "content": f"The images that these tools returned: {names}", "images": images})
        return made

    async def _images(self, blocks: Sequence[MediaBlock]) -> list[str]:
        return [(await self._media.data(block)).base64 for block in blocks]


def _assistant(msg: Msg) -> list[dict[str, object]]:
    text = msg.text
    if text and len(msg.content) == 1:  # as most are
        return [{"role": "assistant", "content": text}]
    calls = msg.blocks(ToolUseBlock)
    thinking = "\n".join([block.thinking for block in own_thinking(msg, "ollama")])
    if not text and not calls:
        if thinking:
            note("reasoning that came to no answer was left out: Ollama takes no message of reasoning alone")
        return []
    made: dict[str, object] = {"role": "assistant", "content": text}
    if thinking:
        made["thinking"] = thinking
    if calls:
        made["tool_calls"] = [_call(call, index) for index, call in enumerate(calls)]
    return [made]


def _call(call: ToolUseBlock, index: int) -> dict[str, object]:
    return {"id": call.id, "function": {"index": index, "name": call.name, "arguments": dict(call.input)}}
