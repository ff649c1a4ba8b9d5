"""One answer, as far as it has arrived: turns the provider's objects into chunks and knows when it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse, StreamInterrupted
from trouplet.model_io import Finish, TextChunk, ThinkingChunk
from trouplet_completions.content_parts import audio_chunks, content_chunks, thinking_text
from trouplet_completions.provider_errors import error_in_answer
from trouplet_completions.tool_call_deltas import ToolCallDeltas
from trouplet_completions.usage import finish_reason, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk, Usage

_KEPT_FIELDS = ("system_fingerprint", "service_tier", "citations")


class Answer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off."""

    __slots__ = ("_calls", "_id", "_metadata", "_model", "_provider", "_usage", "finish_reason", "texts")

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.texts: list[str] = []
        self.finish_reason: object = None
        self._calls = ToolCallDeltas()
        self._usage: Usage | None = None
        self._id = ""
        self._model = ""
        self._metadata: dict[str, object] = {}

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def add(self, parsed: object) -> list[Chunk]:
        """Take the next object of a stream; raise what it says went wrong."""
        if not isinstance(parsed, dict):
            raise self.invalid(f"a JSON {type(parsed).__name__} where an object was expected")
        choice = self._choice(parsed)
        delta = choice.get("delta")
        made = self._add_message(delta) if isinstance(delta, dict) else []
        if not (choice and self._id) or choice.get("finish_reason") or parsed.get("usage"):
            self._conclude(parsed, choice)
        if choice.get("logprobs"):
            self._add_logprobs(choice["logprobs"])
        return made

    def add_whole(self, body: Mapping[str, object], *, audio_format: str = "wav") -> list[Chunk]:
        """Take a whole answer and return all its chunks, the ``Finish`` included."""
        choice = self._choice(body)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise self.invalid("there is no message in it")
        made = [*self._add_message(_with_indexes(message)), *audio_chunks(message.get("audio"), audio_format)]
        self._conclude(body, choice)
        self._add_logprobs(choice.get("logprobs"))
        return [*made, *self.finish()]

    def finish(self) -> list[Chunk]:
        """Return the last chunks of a complete answer, each call announced by then."""
        calls = self._calls.flush()
        if self._calls.nameless():
            raise self.invalid("a tool call has no name")
        reason = finish_reason(self.finish_reason, calls=bool(self._calls))
        if reason == "other":
            self._metadata["finish_reason"] = self.finish_reason
        return [*calls, Finish(reason, self._usage, self._id, self._model, self._metadata or None)]

    def broken_off(self, why: str) -> StreamInterrupted:
        """The error of an answer that ended before it was complete."""
        what = f"the answer of {self._provider} broke off"
        return StreamInterrupted(what, why=why, provider=self._provider, partial=self.partial)

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"the answer of {self._provider} is not a chat completion"
        return InvalidResponse(what, why=why, provider=self._provider, partial=self.partial)

    def _choice(self, chunk: Mapping[str, object]) -> Mapping[str, object]:
        """The first choice; empty for a chunk without: the one with the usage, Azure's report of its content filter."""
        choices = chunk.get("choices") or [{}]
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise self.invalid("its choices are not a list of objects")
        choice: Mapping[str, object] = choices[0]
        error = chunk.get("error") or choice.get("error") or (chunk.get("object") == "error" and chunk)
        if error:
            raise error_in_answer(error, provider=self._provider, partial=self.partial)
        return choice

    def _add_message(self, message: Mapping[str, object]) -> list[Chunk]:
        made: list[Chunk] = []
        thinking = thinking_text(message)
        if thinking:
            made.append(ThinkingChunk(thinking))
        content = message.get("content")
        if content:
            made += content_chunks(content)
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._metadata["refusal"] = True
            made.append(TextChunk(refusal))
        self.texts += [chunk.text for chunk in made if type(chunk) is TextChunk]
        self._add_calls(made, message)
        return made

    def _add_calls(self, made: list[Chunk], message: Mapping[str, object]) -> None:
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            for call in calls:
                if isinstance(call, dict):
                    made += self._calls.add(call)
        legacy = message.get("function_call")
        if isinstance(legacy, dict):
            made += self._calls.add({"index": 0, "function": legacy})

    def _conclude(self, chunk: Mapping[str, object], choice: Mapping[str, object]) -> None:
        """Keep what a chunk says about the answer as a whole."""
        if not self._id:
            self._id, self._model = _text(chunk.get("id")), _text(chunk.get("model"))
        self._usage = usage_of(chunk) or self._usage
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        for name in _KEPT_FIELDS:
            if chunk.get(name):
                self._metadata[name] = chunk[name]

    def _add_logprobs(self, logprobs: object) -> None:
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            kept = self._metadata.setdefault("logprobs", [])
            assert isinstance(kept, list)
            kept += logprobs["content"]


def _with_indexes(message: Mapping[str, object]) -> Mapping[str, object]:
    """The message with its calls numbered, as they are in a stream: whole, each of them is a call of its own."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    numbered = [{**call, "index": index} for index, call in enumerate(calls) if isinstance(call, dict)]
    return {**message, "tool_calls": numbered}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
