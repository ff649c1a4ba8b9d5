"""One answer, as far as it has arrived: turns DashScope's objects into chunks and knows when it is complete.

Each object of a stream brings the next piece of reasoning, text or calls, and the tokens so far; its ``finish_reason``
is the word ``null`` until the last one. Multimodal generation has its text as a list of parts (DashScope API reference,
November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trouplet.errors import InvalidResponse, StreamInterrupted
from trouplet.model_io import Finish, TextChunk, ThinkingChunk
from trouplet_completions import ToolCallDeltas
from trouplet_dashscope.provider_errors import error_in_answer, is_error
from trouplet_dashscope.usage import finish_reason, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk, Usage

OWN: Final[Mapping[str, object]] = {"dashscope": {}}
"""What reasoning is marked with that came from here, so that it is known when it is sent back."""

_GOES_ON = (None, "", "null")


class Answer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off."""

    __slots__ = ("_calls", "_metadata", "_model", "_reason", "_request_id", "_usage", "provider", "texts", "thinks")

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.texts: list[str] = []
        self.thinks = False
        """Whether the last thing that arrived was reasoning, whose end is not known yet."""
        self._reason: object = None
        self._calls = ToolCallDeltas()
        self._usage: Usage | None = None
        self._request_id = ""
        self._model = ""
        self._metadata: dict[str, object] = {}

    @property
    def done(self) -> bool:
        """Whether the answer has said why it ended."""
        return self._reason not in _GOES_ON

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def add(self, said: object) -> list[Chunk]:
        """Take the next object of a stream; raise what it says went wrong."""
        choice, message = self._opened(said)
        made = self._message(message)
        self._conclude(choice)
        return made

    def add_whole(self, said: object) -> list[Chunk]:
        """Take a whole answer and return all its chunks, the ``Finish`` included."""
        choice, message = self._opened(said)
        if not message:
            raise self.invalid("there is no message in it")
        made = self._message(_with_indexes(message))
        self._conclude(choice)
        if not self.done:
            raise self.broken_off("It has no finish_reason")
        return [*made, *self.finish()]

    def finish(self) -> list[Chunk]:
        """Return the last chunks of a complete answer, each call announced by then."""
        calls = self._calls.flush()
        if self._calls.nameless():
            raise self.invalid("a tool call has no name")
        reason = finish_reason(self._reason, calls=bool(self._calls))
        if reason == "other":
            self._metadata["finish_reason"] = self._reason
        finish = Finish(reason, self._usage, self._request_id, self._model, self._metadata or None)
        return [*self._end_of_thinking(), *calls, finish]

    def broken_off(self, why: str) -> StreamInterrupted:
        """The error of an answer that ended before it was complete."""
        what = f"the answer of {self.provider} broke off"
        return StreamInterrupted(what, why=why, provider=self.provider, partial=self.partial)

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"what {self.provider} sent is not an answer of its API"
        return InvalidResponse(what, why=why, provider=self.provider, partial=self.partial)

    def _opened(self, said: object) -> tuple[Mapping[str, object], Mapping[str, object]]:
        """Take what an object says of the answer as a whole; return its choice and the message in it, empty if none."""
        if not isinstance(said, dict):
            raise self.invalid(f"a JSON {type(said).__name__} where an object was expected")
        if is_error(said):
            raise error_in_answer(said, provider=self.provider, partial=self.partial)
        output = said.get("output")
        if not isinstance(output, dict):
            return {}, {}
        self._request_id = self._request_id or _text(said.get("request_id"))
        self._model = self._model or _text(said.get("model"))
        self._usage = usage_of(said.get("usage")) or self._usage
        if output.get("search_info"):
            self._metadata["search_info"] = output["search_info"]
        choices = output.get("choices") or [{}]
        if not isinstance(choices, list) or not isinstance(choices[0], dict):
            raise self.invalid("its choices are not a list of objects")
        message = choices[0].get("message")
        return choices[0], message if isinstance(message, dict) else {}

    def _message(self, message: Mapping[str, object]) -> list[Chunk]:
        made: list[Chunk] = []
        reasoning, text, calls = message.get("reasoning_content"), _content(message), message.get("tool_calls")
        if isinstance(reasoning, str) and reasoning:
            made.append(ThinkingChunk(reasoning))
            self.thinks = True
        if text:
            made += [*self._end_of_thinking(), TextChunk(text)]
            self.texts.append(text)
        if isinstance(calls, list) and calls:
            made += self._end_of_thinking()
            for call in calls:
                if isinstance(call, dict):
                    made += self._calls.add(call)
        return made

    def _end_of_thinking(self) -> list[Chunk]:
        if not self.thinks:
            return []
        self.thinks = False
        return [ThinkingChunk("", OWN)]

    def _conclude(self, choice: Mapping[str, object]) -> None:
        reason, logprobs = choice.get("finish_reason"), choice.get("logprobs")
        if reason not in _GOES_ON:
            self._reason = reason
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            kept = self._metadata.setdefault("logprobs", [])
            assert isinstance(kept, list)
            kept += logprobs["content"]


def _content(message: Mapping[str, object]) -> str:
    """The text of a message: a string, or in multimodal generation the texts in a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join([_text(part.get("text")) for part in parts if isinstance(part, dict)])


def _with_indexes(message: Mapping[str, object]) -> Mapping[str, object]:
    """The message with its calls numbered, as they are in a stream: whole, each of them is a call of its own."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    numbered = [{**call, "index": index} for index, call in enumerate(calls) if isinstance(call, dict)]
    return {**message, "tool_calls": numbered}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
