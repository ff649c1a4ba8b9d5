"""``GeminiFormatter``: messages as contents of the Gemini API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.conversation import MEDIA, ChatFormatter, promoted_media, result_text
from trouplet.messages import ImageBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.scope import note
from trouplet_gemini.answer import FRESH, OWN
from trouplet_gemini.generation import generation_of
from trouplet_gemini.media_parts import MediaParts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.messages import ContentBlock, MediaBlock, Msg
    from trouplet.model_io import ModelInfo
    from trouplet_gemini.turns import Content, Part
    from trouplet_http import MediaLoader

UNSIGNED = "skip_thought_signature_validator"
"""What stands for the signature of a call that no Gemini model made.

Without it newer models refuse the call. It is one of the two values that Google documents for histories from elsewhere
(Gemini API guide, "Thought signatures", November 2026).
"""


class GeminiFormatter(ChatFormatter):
    """The formatter for one user with one model; for several agents put ``MultiAgentFormatter`` around it.

    ``media`` gives the loader of media; without it there is one with the usual limits. ``signed_calls`` and
    ``media_in_results`` say what the model wants: signatures on its calls, and images inside of function responses
    (Gemini 3 and later) instead of after them.
    """

    def __init__(
        self,
        *,
        media: Callable[[], MediaLoader] | None = None,
        signed_calls: bool = True,
        media_in_results: bool = True,
    ) -> None:
        self._media = MediaParts(media)
        self._signed_calls = signed_calls
        self._media_in_results = media_in_results

    @classmethod
    def for_model(
        cls,
        info: ModelInfo,
        *,
        media: Callable[[], MediaLoader] | None = None,
        signed_calls: bool | None = None,
        media_in_results: bool | None = None,
    ) -> GeminiFormatter:
        """Return the formatter of a model; what is not said goes by its generation and its capabilities."""
        generation = generation_of(info.name)
        made = cls(
            media=media,
            signed_calls=generation.signs_calls if signed_calls is None else signed_calls,
            media_in_results=generation.sees_results if media_in_results is None else media_in_results,
        )
        made.fit(info)
        return made

    async def format_message(self, msg: Msg) -> list[Content]:
        """Return the contents of one message: none for an empty one, two for results with media."""
        if msg.role == "tool":
            return await self._results(msg)
        if msg.role == "assistant":
            return _content("model", await self._said_by_model(msg))
        if msg.role == "system":
            return _content("system", [{"text": msg.text}] if msg.text else [])
        return _content("user", [part for block in msg.content if (part := await self._plain_part(block))])

    async def _said_by_model(self, msg: Msg) -> list[Part]:
        parts = [part for block in msg.content if (part := await self._model_part(block))]
        calls = [part for part in parts if "functionCall" in part]
        if self._signed_calls and calls and not any(["thoughtSignature" in call for call in calls]):
            calls[0]["thoughtSignature"] = UNSIGNED
        return parts

    async def _model_part(self, block: ContentBlock) -> Part | None:
        if isinstance(block, ToolUseBlock):
            call = {"name": block.name, "args": dict(block.input), **_given_id(block.id)}
            return {"functionCall": call, **_signature(block.extra)}
        if isinstance(block, ThinkingBlock):
            return _thought(block)
        return await self._plain_part(block)

    async def _plain_part(self, block: ContentBlock) -> Part | None:
        """Text and media. Blank text is left out, unless it bears a signature."""
        if isinstance(block, TextBlock):
            signature = _signature(block.extra)
            return {"text": block.text, **signature} if signature or block.text.strip() else None
        return await self._media.part(block) if isinstance(block, MEDIA) else None

    async def _results(self, msg: Msg) -> list[Content]:
        responses = [await self._response(result) for result in msg.blocks(ToolResultBlock)]
        media: list[Part] = []
        for result, block in promoted_media(msg):
            if not self._in_result(block):
                said = f"The {block.type} that {result.name} returned:"
                media += [{"text": said}, await self._media.part(block)]
        return [*_content("user", responses), *_content("user", media)]

    async def _response(self, result: ToolResultBlock) -> Part:
        kind = "output" if result.status == "ok" else "error"
        response: Part = {"name": result.name, "response": {kind: result_text(result)}, **_given_id(result.id)}
        inside = [block for block in result.output if isinstance(block, MEDIA) and self._in_result(block)]
        if inside:
            response["parts"] = [await self._media.data(block) for block in inside]
        return {"functionResponse": response}

    def _in_result(self, block: MediaBlock) -> bool:
        return self._media_in_results and isinstance(block, ImageBlock)


def _thought(block: ThinkingBlock) -> Part | None:
    """Reasoning that Gemini gave; that of others means nothing to it and is left out, with a note in the run."""
    if not block.extra or OWN not in block.extra:
        note("reasoning that did not come from gemini was left out of what it was sent")
        return None
    signature = _signature(block.extra)
    return {"text": block.thinking, "thought": True, **signature} if signature or block.thinking else None


def _content(role: str, parts: list[Part]) -> list[Content]:
    return [{"role": role, "parts": parts}] if parts else []


def _given_id(id: str) -> dict[str, object]:
    """The field with a call's id, unless it was made up here because the model gave none."""
    return {} if id.startswith(FRESH) else {"id": id}


def _signature(extra: Mapping[str, object] | None) -> dict[str, object]:
    kept = (extra or {}).get(OWN)
    signature = kept.get("thought_signature") if isinstance(kept, dict) else None
    return {"thoughtSignature": signature} if signature else {}
