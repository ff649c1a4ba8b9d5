"""``ChatCompletionsWire``: the protocol as servers speak it, for the contract suite of a provider's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.testing.contracts import EventStreamWire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.model_io import Chunk, Usage
    from trouplet.testing.contracts.scenarios import Part, Scenario
    from trouplet.testing.contracts.wire import Payload

    Object = dict[str, object]

_UNKNOWN_REASON = "eclipse"
_IDENTITY = {"id": "chatcmpl-1", "created": 1795305600, "model": "m-1"}


class ChatCompletionsWire(EventStreamWire):
    """Chat Completions in OpenAI's form, with the reasoning where most of the compatible servers have it."""

    interleaves = True

    def opening(self, scenario: Scenario) -> Iterable[Payload]:
        """The role comes alone."""
        return [_event({"role": "assistant", "content": ""})]

    def pieces(self, scenario: Scenario) -> Iterable[Payload]:
        """One event for each chunk."""
        return [_event(_delta(chunk)) for chunk in scenario.chunks]

    def closing(self, scenario: Scenario) -> Iterable[Payload]:
        """The finish reason, the usage in an event of its own, the end."""
        yield _event({}, _reason(scenario))
        if scenario.usage:
            yield {**_IDENTITY, "object": "chat.completion.chunk", "choices": [], "usage": _usage(scenario.usage)}
        yield "[DONE]"

    def whole(self, scenario: Scenario) -> Mapping[str, object]:
        """One message with everything in it."""
        calls = [_call(part) for part in scenario.parts if part.kind == "call"]
        message: Object = {"role": "assistant", "content": scenario.text, "refusal": None}
        message |= {"reasoning_content": scenario.thinking} if scenario.thinking else {}
        message |= {"tool_calls": calls} if calls else {}
        choice: Object = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(scenario)}
        body: Object = {**_IDENTITY, "object": "chat.completion", "choices": [choice]}
        return body | ({"usage": _usage(scenario.usage)} if scenario.usage else {})

    def refusal(self, status: int, message: str) -> Mapping[str, object]:
        """OpenAI's error object."""
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}

    def failure(self, message: str) -> Payload:
        """The same object as an event."""
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def _reason(scenario: Scenario) -> str:
    return _UNKNOWN_REASON if scenario.finish_reason == "other" else scenario.finish_reason


def _event(delta: Object, reason: str | None = None) -> Object:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return {**_IDENTITY, "object": "chat.completion.chunk", "choices": [choice]}


def _delta(chunk: Chunk) -> Object:
    if isinstance(chunk, TextChunk):
        return {"content": chunk.text}
    if isinstance(chunk, ThinkingChunk):
        return {"reasoning_content": chunk.text}
    assert isinstance(chunk, ToolCallChunk), f"the protocol streams no {type(chunk).__name__}"
    call: Object = {"index": chunk.index, "function": {"arguments": chunk.arguments}}
    if chunk.name:
        function = {"name": chunk.name, "arguments": chunk.arguments}
        call = {"index": chunk.index, "id": chunk.id, "type": "function", "function": function}
    return {"tool_calls": [call]}


def _call(part: Part) -> Object:
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.text}}


def _usage(told: Usage) -> Object:
    return {
        "prompt_tokens": told.input_tokens,
        "completion_tokens": told.output_tokens,
        "total_tokens": told.input_tokens + told.output_tokens,
        "prompt_tokens_details": {"cached_tokens": told.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": told.reasoning_tokens},
    }
