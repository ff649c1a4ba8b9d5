"""Messages in the form of the Messages API: a role, and content blocks.

System messages keep their place and the role ``system`` here; where they go from there is the matter of ``turns``.
Sources: Anthropic API reference, Messages, and the pages on tool use, vision and thinking (November 2026).
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from trouplet.conversation import ChatFormatter, own_thinking
from trouplet.errors import Unsupported
from trouplet.messages import ImageBlock, MediaBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader

NAMESPACE = "anthropic"
"""The key in ``extra`` of what goes back to Claude unchanged."""

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ID = re.compile(r"[a-zA-Z0-9_-]+")


class AnthropicFormatter(ChatFormatter):
    """The formatter for one user with Claude; for several agents put ``MultiAgentFormatter`` around it.

    ``media`` gives the loader of images; without it there is one with the default limits. Speakers' names are not sent:
    the protocol has no place for them.
    """

    takes = frozenset({"image"})

    def __init__(self, *, media: Callable[[], MediaLoader] | None = None) -> None:
        self._media = LazyMedia(media)

    def fit(self, info: ModelInfo) -> None:
        """Take images, if the model does; no Claude takes sound or video."""
        self.takes = frozenset({"image"} if "vision" in info.capabilities else ())

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none for an empty one."""
        match msg.role:
            case "assistant":
                content = _assistant_content(msg)
            case "tool":
                content = [await self._result(result) for result in msg.blocks(ToolResultBlock)]
            case "system":
                content = _texts(msg)
            case _:
                content = await self._contents(msg.content)
        role = "user" if msg.role == "tool" else msg.role
        return [{"role": role, "content": content}] if content else []

    async def _contents(self, blocks: Iterable[ContentBlock]) -> list[dict[str, object]]:
        """Texts, images and documents, in order."""
        made: list[dict[str, object]] = []
        for block in blocks:
            if isinstance(block, TextBlock):
                made += _text_or_document(block)
            elif isinstance(block, ImageBlock):
                made.append(await self._image(block))
        return made

    async def _result(self, result: ToolResultBlock) -> dict[str, object]:
        made: dict[str, object] = {
            "type": "tool_result",
            "tool_use_id": wire_id(result.id),
            # A failed call without a word about it would be refused.
            "content": await self._contents(result.output) or _text(TextBlock("(no output)")),
        }
        return made if result.status == "ok" else {**made, "is_error": True}

    async def _image(self, block: MediaBlock) -> dict[str, object]:
        link = self._media.link(block)
        if link is not None:
            return {"type": "image", "source": {"type": "url", "url": link}}
        loaded = await self._media.data(block)
        if loaded.media_type not in IMAGE_TYPES:
            raise Unsupported(
                f"an image of type {loaded.media_type!r}: Claude takes JPEG, PNG, GIF and WebP", fix="Convert it"
            )
        source = {"type": "base64", "media_type": loaded.media_type, "data": loaded.base64}
        return {"type": "image", "source": source}


def _assistant_content(msg: Msg) -> list[dict[str, object]]:
    own = own_thinking(msg, NAMESPACE)
    made: list[dict[str, object]] = []
    for block in msg.content:
        match block:
            case TextBlock():
                made += _text(block)
            case ToolUseBlock():
                made.append(_call(block))
            case ThinkingBlock() if block in own:
                made += _thinking(block)
            case MediaBlock():
                _note_media(msg)
    return _led_to_something(made)


def _texts(msg: Msg) -> list[dict[str, object]]:
    if msg.blocks(MediaBlock):
        _note_media(msg)
    return [part for block in msg.blocks(TextBlock) for part in _text(block)]


def _note_media(msg: Msg) -> None:
    note(f"media in a message of the {msg.role} were not sent: Claude takes them from the user and from tools")


def _led_to_something(content: list[dict[str, object]]) -> list[dict[str, object]]:
    """The content without thinking at its end, of an answer that got no further: the API refuses it there."""
    end = len(content)
    while end and content[end - 1]["type"] in ("thinking", "redacted_thinking"):
        end -= 1
    if end < len(content):
        note("thinking that led to nothing was not sent back")
    return content[:end]


def _thinking(block: ThinkingBlock) -> list[dict[str, object]]:
    """A block of thinking as it came, with its signature; what was encrypted goes back as it is."""
    kept = own_extra(block.extra)
    if isinstance(kept.get("redacted"), str):
        return [{"type": "redacted_thinking", "data": kept["redacted"]}]
    if isinstance(kept.get("signature"), str):
        return [{"type": "thinking", "thinking": block.thinking, "signature": kept["signature"]}]
    return []


def _text_or_document(block: TextBlock) -> list[dict[str, object]]:
    document = own_extra(block.extra).get("document")
    return [{"type": "document", **document}] if isinstance(document, dict) else _text(block)


def _text(block: TextBlock) -> list[dict[str, object]]:
    """The text of a block; none when it is blank, which the API refuses."""
    return [{"type": "text", "text": block.text}] if block.text.strip() else []


def _call(call: ToolUseBlock) -> dict[str, object]:
    return {"type": "tool_use", "id": wire_id(call.id), "name": wire_name(call.name), "input": dict(call.input)}


def own_extra(extra: Mapping[str, object] | None) -> Mapping[str, object]:
    """What a block carries for Claude."""
    kept = (extra or {}).get(NAMESPACE)
    return kept if isinstance(kept, dict) else {}


@lru_cache(maxsize=4096)
def wire_id(call_id: str) -> str:
    """The id of a call as the API takes it; one that it would refuse becomes another, always the same."""
    if _ID.fullmatch(call_id):
        return call_id
    return f"toolu_{sha256(call_id.encode(errors='surrogatepass')).hexdigest()[:24]}"


@lru_cache(maxsize=1024)
def wire_name(name: str) -> str:
    """The name of a called tool as the API takes it: a model may have called one that never was."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:128] or "unnamed"
