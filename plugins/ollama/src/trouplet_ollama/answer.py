"""One answer, as far as it has arrived: turns Ollama's objects into chunks and knows when it is complete.

An object of a stream brings the next piece of thinking or text, or whole tool calls, whose arguments are an object. The
one with ``done`` is the last; it says why the answer ended and what it cost (Ollama API reference, Chat, November
2026).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet.messages import new_id
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, ToolCallChunk, Usage
from trouplet_http import error_from_body, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk, FinishReason

OWN: Final[Mapping[str, object]] = {"ollama": {}}
"""What reasoning is marked with that came from here, so that it is known when it is sent back."""

_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_ORIGIN = ("remote_model", "remote_host")


class Answer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off."""

    __slots__ = ("_calls", "_end", "_ids", "_logprobs", "_provider", "texts", "thinks")

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.texts: list[str] = []
        self.thinks = False
        """Whether the last thing that arrived was thinking, whose end is not known yet."""
        self._end: Mapping[str, object] | None = None
        self._calls = 0
        self._ids: set[str] = set()
        self._logprobs: list[object] = []

    @property
    def done(self) -> bool:
        """Whether the last object has arrived."""
        return self._end is not None

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def add(self, said: object) -> list[Chunk]:
        """Take the next object of a stream; raise what it says went wrong."""
        if not isinstance(said, dict):
            raise self.invalid(f"a JSON {type(said).__name__} where an object was expected")
        if said.get("error"):
            raise self._error(said)
        message = said.get("message")
        made = self._message(message) if isinstance(message, dict) else []
        if isinstance(said.get("logprobs"), list):
            self._logprobs += said["logprobs"]
        if said.get("done") is True:
            self._end = said
        return made

    def add_whole(self, said: object) -> list[Chunk]:
        """Take a whole answer and return all its chunks, the ``Finish`` included."""
        made = self.add(said)
        if not self.done:
            raise self.broken_off("It does not say that it is done")
        return [*made, *self.finish()]

    def finish(self) -> list[Chunk]:
        """Return the last chunks of a complete answer."""
        end = self._end
        assert end is not None, "an answer without its last object is not complete"
        metadata = {name: end[name] for name in (*_DURATIONS, *_ORIGIN) if end.get(name)}
        if self._logprobs:
            metadata["logprobs"] = self._logprobs
        reason = _finish_reason(end.get("done_reason"), calls=bool(self._calls))
        if reason == "other":
            metadata["done_reason"] = end["done_reason"]
        model = end.get("model")
        finish = Finish(reason, usage_of(end), "", model if isinstance(model, str) else "", metadata or None)
        return [*self._end_of_thinking(), finish]

    def broken_off(self, why: str) -> StreamInterrupted:
        """The error of an answer that ended before it was complete."""
        what = f"the answer of {self._provider} broke off"
        return StreamInterrupted(what, why=why, provider=self._provider, partial=self.partial)

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"what {self._provider} sent is not an answer of its chat API"
        return InvalidResponse(what, why=why, provider=self._provider, partial=self.partial)

    def _message(self, message: Mapping[str, object]) -> list[Chunk]:
        made: list[Chunk] = []
        thinking, text, calls = message.get("thinking"), message.get("content"), message.get("tool_calls")
        if isinstance(thinking, str) and thinking:
            made.append(ThinkingChunk(thinking))
            self.thinks = True
        if isinstance(text, str) and text:
            made += [*self._end_of_thinking(), TextChunk(text)]
            self.texts.append(text)
        if isinstance(calls, list) and calls:
            made += [*self._end_of_thinking(), *[self._call(call) for call in calls]]
        return made

    def _end_of_thinking(self) -> list[Chunk]:
        if not self.thinks:
            return []
        self.thinks = False
        return [ThinkingChunk("", OWN)]

    def _call(self, call: object) -> ToolCallChunk:
        function = call.get("function") if isinstance(call, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict) or not isinstance(name, str) or not name:
            raise self.invalid("a tool call has no name")
        index = self._calls
        self._calls += 1
        return ToolCallChunk(index, _arguments_text(function.get("arguments")), self._own_id(call.get("id")), name)

    def _own_id(self, given: object) -> str:
        """The id of a call, made up where it is missing (before Ollama 0.12.10) or not the only one."""
        call_id = given if isinstance(given, str) and given and given not in self._ids else f"call_{new_id()}"
        self._ids.add(call_id)
        return call_id

    def _error(self, said: Mapping[str, object]) -> ModelError:
        """The error that came in the place of an answer, or in the middle of it, after a status of success."""
        made = error_from_body(self._provider, 200, said)
        made.what, made.partial = redact(made.what), self.partial
        return made


def usage_of(end: Mapping[str, object]) -> Usage | None:
    """Read what an answer cost. Older servers leave out the tokens of a prompt that they had in their cache."""
    prompt, output = _count(end.get("prompt_eval_count")), _count(end.get("eval_count"))
    if not prompt and not output:
        return None
    return Usage(prompt, output, cached_tokens=_count(end.get("prompt_eval_cached_count")), unknown=0 if prompt else 1)


def _finish_reason(reason: object, *, calls: bool) -> FinishReason:
    if reason == "length":
        return "length"
    if reason in (None, "", "stop"):
        return "tool_calls" if calls else "stop"
    return "other"


def _arguments_text(arguments: object) -> str:
    """The JSON text of a call's arguments. What is nested too deeply is not JSON then."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    try:
        text = json.dumps(arguments, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(arguments)  # with its lone surrogates visible to the one who checks the arguments
    except RecursionError:
        return "[too deep"
    return text


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
