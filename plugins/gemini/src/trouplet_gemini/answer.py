"""One answer, as far as it has arrived: turns the API's objects into chunks and knows when it is complete.

A stream is of the same objects as a whole answer, each with the parts that are new. A block's ``extra`` has under
``gemini`` the ``thought_signature`` that came with it; thoughts, which mostly come without, are marked as Gemini's own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse, StreamInterrupted
from trouplet.messages import AudioBlock, Base64Source, ImageBlock, VideoBlock, new_id
from trouplet.model_io import Finish, MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet_gemini.provider_errors import error_in_answer
from trouplet_gemini.usage import PLAIN_REASONS, finish_reason, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.messages import MediaBlock
    from trouplet.model_io import Chunk, Usage

OWN = "gemini"
FRESH = "gemini_"
"""How an id begins that was made up here, for a call to which the model gave none."""

_KEPT_FIELDS = (
    "finishMessage", "groundingMetadata", "citationMetadata", "urlContextMetadata", "safetyRatings", "avgLogprobs",
    "continuationToken",
)  # fmt: skip
_MEDIA: tuple[tuple[str, type[MediaBlock]], ...] = (
    ("image/", ImageBlock),
    ("audio/", AudioBlock),
    ("video/", VideoBlock),
)


class Answer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off.

    ``in_text`` tells that the next piece of text needs nothing but to be passed on.
    """

    __slots__ = ("_calls", "_id", "_ids", "_metadata", "_model", "_thinking", "_usage", "finish_reason", "in_text",
                 "provider", "texts")  # fmt: skip

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.texts: list[str] = []
        self.in_text = False
        self._thinking = False
        self.finish_reason: object = None
        self._calls = 0
        self._ids: set[str] = set()
        self._usage: Usage | None = None
        self._id = ""
        self._model = ""
        self._metadata: dict[str, object] = {}

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def add(self, chunk: object) -> list[Chunk]:
        """Take the next object of a stream, or a whole answer; raise what it says went wrong."""
        if not isinstance(chunk, dict):
            raise self.invalid(f"a JSON {type(chunk).__name__} where an object was expected")
        if chunk.get("error"):
            raise error_in_answer(chunk, provider=self.provider, partial=self.partial)
        candidate = self._candidate(chunk)
        made: list[Chunk] = []
        for part in self._parts(candidate):
            self._add_part(made, part)
        self._conclude(chunk, candidate)
        return made

    def finish(self) -> list[Chunk]:
        """Return the last chunks of a complete answer."""
        reason = finish_reason(self.finish_reason, calls=self._calls > 0)
        if "promptFeedback" in self._metadata:
            reason = "content_filter"
        if self.finish_reason not in PLAIN_REASONS:
            self._metadata["finishReason"] = self.finish_reason
        made: list[Chunk] = []
        self._end_thought(made)
        return [*made, Finish(reason, self._usage, self._id, self._model, self._metadata or None)]

    def broken_off(self) -> StreamInterrupted:
        """The error of a stream that ended before the answer was complete."""
        what = f"the answer of {self.provider} broke off"
        return StreamInterrupted(
            what, why="It ended without a finishReason", provider=self.provider, partial=self.partial
        )

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"the answer of {self.provider} is not in the form of generateContent"
        return InvalidResponse(what, why=why, provider=self.provider, partial=self.partial)

    def _candidate(self, chunk: Mapping[str, object]) -> Mapping[str, object]:
        """The one candidate; empty for a chunk without: a prompt that was blocked, the usage alone."""
        candidates = chunk.get("candidates") or [{}]
        if not isinstance(candidates, list) or not isinstance(candidates[0], dict):
            raise self.invalid("its candidates are not a list of objects")
        return candidates[0]

    def _parts(self, candidate: Mapping[str, object]) -> list[dict[str, object]]:
        content = candidate.get("content") or {}
        parts = (content.get("parts") or []) if isinstance(content, dict) else None
        if not isinstance(parts, list) or not all([isinstance(part, dict) for part in parts]):
            raise self.invalid("its content is not a list of parts")
        return parts

    def _add_part(self, made: list[Chunk], part: Mapping[str, object]) -> None:
        extra = _extra(part)
        text, call, data = part.get("text"), part.get("functionCall"), part.get("inlineData")
        self.in_text = False
        if isinstance(text, str) and part.get("thought") is True:
            self._thinking = extra is None
            made.append(ThinkingChunk(text, extra))
            return
        self._end_thought(made)
        if isinstance(text, str):
            self._add_text(made, text, extra)
        elif isinstance(call, dict):
            made.append(self._call(call, extra))
        elif isinstance(data, dict):
            made.append(self._media(data))
        elif part:
            # What tools on the server did, mostly: not for this conversation, but not lost.
            others = self._metadata.setdefault("parts", [])
            assert isinstance(others, list)
            others.append(part)

    def _end_thought(self, made: list[Chunk]) -> None:
        if self._thinking:
            made.append(ThinkingChunk("", {OWN: {}}))
            self._thinking = False

    def _add_text(self, made: list[Chunk], text: str, extra: Mapping[str, object] | None) -> None:
        if text or extra:
            self.in_text = True
            self.texts.append(text)
            made.append(TextChunk(text, extra))

    def _call(self, call: Mapping[str, object], extra: Mapping[str, object] | None) -> ToolCallChunk:
        name, given, arguments = call.get("name"), call.get("id"), call.get("args")
        if not isinstance(name, str) or not name:
            raise self.invalid("a function call has no name")
        id = given if isinstance(given, str) and given and given not in self._ids else FRESH + new_id()
        self._ids.add(id)
        self._calls += 1
        text = json.dumps(arguments, ensure_ascii=False) if arguments is not None else ""
        return ToolCallChunk(self._calls - 1, text, id=id, name=name, extra=extra)

    def _media(self, data: Mapping[str, object]) -> MediaChunk:
        kind, content = data.get("mimeType"), data.get("data")
        block = next((block for prefix, block in _MEDIA if isinstance(kind, str) and kind.startswith(prefix)), None)
        if block is None or not isinstance(content, str):
            raise self.invalid(f"its inline data are of the type {kind!r}")
        return MediaChunk(block(Base64Source(str(kind), content)))

    def _conclude(self, chunk: Mapping[str, object], candidate: Mapping[str, object]) -> None:
        """Keep what a chunk says about the answer as a whole."""
        if not self._id:
            self._id, self._model = _text(chunk.get("responseId")), _text(chunk.get("modelVersion"))
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._metadata["promptFeedback"] = feedback
            self.finish_reason = feedback["blockReason"]
        self.finish_reason = candidate.get("finishReason") or self.finish_reason
        if self.finish_reason and chunk.get("usageMetadata"):
            self._usage = usage_of(chunk["usageMetadata"])  # what earlier chunks tell is the count so far
        for name in _KEPT_FIELDS:
            if candidate.get(name):
                self._metadata[name] = candidate[name]
        if candidate.get("logprobsResult"):
            each = self._metadata.setdefault("logprobsResult", [])
            assert isinstance(each, list)
            each.append(candidate["logprobsResult"])


def _extra(part: Mapping[str, object]) -> dict[str, object] | None:
    signature = part.get("thoughtSignature")
    if isinstance(signature, str) and signature:
        return {OWN: {"thought_signature": signature}}
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
