"""Messages in the form of Chat Completions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from trouplet.conversation import MEDIA, ChatFormatter, arguments_json, holds_media, promoted_media, result_text
from trouplet.messages import TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_completions.media_parts import MediaParts

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.messages import MediaBlock, Msg
    from trouplet_http import MediaLoader


class ChatCompletionsFormatter(ChatFormatter):
    """The formatter for one user with one assistant; for several agents put ``MultiAgentFormatter`` around it.

    ``names`` sends the speakers' names, ``system_role`` is ``developer`` for endpoints that insist on it, and
    ``image_detail`` goes with every image. ``media`` gives the loader of media; without it there is one with the
    default limits. Videos go as ``video_url``, which OpenAI does not know and others do. Reasoning is sent back only as
    ``reasoning_field``, for endpoints that refuse their own calls without it. Media of the assistant are not sent: the
    protocol has no place for them.
    """

    def __init__(
        self,
        *,
        names: bool = True,
        system_role: Literal["system", "developer"] = "system",
        image_detail: str | None = None,
        reasoning_field: str | None = None,
        media: Callable[[], MediaLoader] | None = None,
    ) -> None:
        self._reasoning_field = reasoning_field
        self._names = names
        self._system_role = system_role
        self._media = MediaParts(media, image_detail=image_detail)

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none for an empty one, several for the results of several calls."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return self._assistant(msg)
        if msg.role == "system":
            return [{"role": self._system_role, "content": msg.text}] if msg.text else []
        content = await self._content(msg) if holds_media(msg.content) else msg.text
        return [self._named({"role": "user", "content": content}, msg)] if content else []

    async def _content(self, msg: Msg) -> list[dict[str, object]]:
        """Text and media as parts, in order."""
        return [
            _text_part(block.text) if isinstance(block, TextBlock) else await self._media.part(block)
            for block in msg.content
            if isinstance(block, MEDIA) or (isinstance(block, TextBlock) and block.text)
        ]

    def _assistant(self, msg: Msg) -> list[dict[str, object]]:
        text = msg.text
        made = self._named({"role": "assistant", "content": text or None}, msg)
        if len(msg.content) == 1 and text:
            return [made]  # as most are
        calls, thinking = msg.blocks(ToolUseBlock), msg.thinking
        self._note_what_is_left_out(msg, thinking)
        if not text and not calls:
            return []
        if self._reasoning_field and (calls or thinking):
            made[self._reasoning_field] = thinking
        if calls:
            made["tool_calls"] = [_call(call) for call in calls]
        return [made]

    def _note_what_is_left_out(self, msg: Msg, thinking: str) -> None:
        if thinking and not self._reasoning_field:
            note("reasoning was not sent back: this API has no field for it that is known (see reasoning_field)")
        for block in msg.content:
            if isinstance(block, MEDIA):
                note(f"the {block.type} of an assistant was not sent back: this API has no place for it")

    async def _results(self, msg: Msg) -> list[dict[str, object]]:
        made: list[dict[str, object]] = [
            {"role": "tool", "tool_call_id": result.id, "content": result_text(result)}
            for result in msg.blocks(ToolResultBlock)
        ]
        media = promoted_media(msg)
        if media:
            made.append({"role": "user", "content": await self._promoted(media)})
        return made

    async def _promoted(self, media: list[tuple[ToolResultBlock, MediaBlock]]) -> list[dict[str, object]]:
        parts: list[dict[str, object]] = []
        for result, block in media:
            parts += [_text_part(f"The {block.type} that {result.name} returned:"), await self._media.part(block)]
        return parts

    def _named(self, made: dict[str, object], msg: Msg) -> dict[str, object]:
        """The message with its speaker's name, where that says more than the role."""
        name = wire_name(msg.name) if self._names and msg.name != msg.role else ""
        if name and name != msg.role:
            made["name"] = name
        return made


@lru_cache(maxsize=1024)
def wire_name(name: str) -> str:
    """A speaker's name as every endpoint takes it: at most 64 of ``a-zA-Z0-9_-``; empty when nothing telling is left.

    OpenAI itself refuses only white space and ``<|\\/>``, others keep to its older and narrower rule.
    """
    made = re.sub(r"[^a-zA-Z0-9_-]+", "_", name)[:64].strip("_")
    return made if re.search("[a-zA-Z]", made) else ""


def _text_part(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def _call(call: ToolUseBlock) -> dict[str, object]:
    made: dict[str, object] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_json(call)},
    }
    kept = (call.extra or {}).get("openai")
    if isinstance(kept, dict) and "extra_content" in kept:
        made["extra_content"] = kept["extra_content"]
    return made
