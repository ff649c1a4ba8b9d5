"""Reads what an answer's content, reasoning and audio fields hold, in all their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.messages import AudioBlock, Base64Source
from trouplet.model_io import MediaChunk, TextChunk, ThinkingChunk

if TYPE_CHECKING:
    from collections.abc import Mapping


def thinking_text(message: Mapping[str, object]) -> str:
    """The reasoning of a message or a delta; servers that send it under two names send it twice."""
    for key in ("reasoning_content", "reasoning"):
        text = message.get(key)
        if isinstance(text, str) and text:
            return text
    details = message.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    return "".join([_detail_text(detail) for detail in details if isinstance(detail, dict)])


def _detail_text(detail: Mapping[str, object]) -> str:
    text = detail.get("text") or detail.get("summary")
    return text if isinstance(text, str) else ""


def content_chunks(content: object) -> list[TextChunk | ThinkingChunk]:
    """The text of a message or a delta. Mistral's reasoning models send a list of parts."""
    if isinstance(content, str):
        return [TextChunk(content)] if content else []
    parts = content if isinstance(content, list) else []
    return [chunk for part in parts if isinstance(part, dict) for chunk in _part_chunks(part)]


def audio_chunks(audio: object, audio_format: str) -> list[TextChunk | MediaChunk]:
    """A spoken answer: its transcript and its sound, in the format that the request had asked for."""
    if not isinstance(audio, dict):
        return []
    transcript, data = audio.get("transcript"), audio.get("data")
    made: list[TextChunk | MediaChunk] = []
    if isinstance(transcript, str) and transcript:
        made.append(TextChunk(transcript))
    if isinstance(data, str) and data:
        made.append(MediaChunk(AudioBlock(Base64Source(f"audio/{audio_format}", data))))
    return made


def _part_chunks(part: Mapping[str, object]) -> list[TextChunk | ThinkingChunk]:
    thinking = part.get("thinking")
    if thinking:
        text = thinking if isinstance(thinking, str) else _joined(thinking)
        return [ThinkingChunk(text)] if text else []
    plain = part.get("text")
    return [TextChunk(plain)] if isinstance(plain, str) and plain else []


def _joined(parts: object) -> str:
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "".join([text for text in texts if isinstance(text, str)])
