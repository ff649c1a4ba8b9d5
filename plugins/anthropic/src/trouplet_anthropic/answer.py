"""One answer, as far as it has arrived: turns the API's events into chunks and knows when it is complete.

An answer is blocks, each with its number: ``content_block_start``, ``content_block_delta`` and ``content_block_stop``.
Thinking ends with its signature, which goes into ``extra`` of the block's last chunk. Source: Anthropic API reference,
Streaming messages (November 2026).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse, StreamInterrupted
from trouplet.messages import new_id
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.scope import note
from trouplet_anthropic.usage import UsageReport, finish_reason
from trouplet_http import error_from_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk

_KEPT_FIELDS = ("stop_sequence", "stop_details", "container")


class _Block:
    """A block that is being sent. ``call`` is the number of its call; ``signature`` holds pieces."""

    __slots__ = ("call", "kind", "signature")

    def __init__(self, kind: str, call: int = -1) -> None:
        self.kind = kind
        self.call = call
        self.signature = ""


class Answer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off."""

    __slots__ = ("_blocks", "_calls", "_id", "_ids", "_metadata", "_model", "_provider", "_reason", "_usage", "texts")

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.texts: list[str] = []
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._ids: set[str] = set()
        self._reason: object = None
        self._usage = UsageReport()
        self._id = ""
        self._model = ""
        self._metadata: dict[str, object] = {}

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def add(self, event: Mapping[str, object]) -> list[Chunk]:
        """Take the next event of a stream; raise what it says went wrong. Kinds that nobody knows mean nothing."""
        match event.get("type"):
            case "content_block_start":
                return self._start(self._number(event), self._object(event, "content_block"))
            case "content_block_delta":
                return self._delta(self._number(event), self._object(event, "delta"))
            case "content_block_stop":
                return self._stop(self._number(event))
            case "message_start":
                self._begin(self._object(event, "message"))
            case "message_delta":
                self._conclude(self._object(event, "delta"))
                self._usage.add(event.get("usage"), final=True)
                self._note_transformations(event.get("input_transformations"))
            case "error":
                error = error_from_body(self._provider, 200, event)
                error.partial = self.partial
                raise error
        return []

    def add_whole(self, message: Mapping[str, object]) -> list[Chunk]:
        """Take a whole answer and return all its chunks, the ``Finish`` included."""
        content = message.get("content")
        if not isinstance(content, list):
            raise self.invalid("there is no content in it")
        made: list[Chunk] = []
        for number, block in enumerate(content):
            if not isinstance(block, dict):
                raise self.invalid("its content is not a list of objects")
            made += [*self._start(number, block), *self._stop(number)]
        self._begin(message)
        self._conclude(message)
        self._usage.add(message.get("usage"), final=True)
        return [*made, *self.finish()]

    def finish(self) -> list[Chunk]:
        """Return the last chunks of a complete answer."""
        made = [chunk for number in list(self._blocks) for chunk in self._stop(number)]
        if self._reason is None:
            raise self.invalid("it does not say why it ended")
        reason = finish_reason(self._reason, calls=self._calls > 0)
        if reason == "other":
            self._metadata["stop_reason"] = self._reason
        return [*made, Finish(reason, self._usage.usage(), self._id, self._model, self._metadata or None)]

    def broken_off(self, why: str) -> StreamInterrupted:
        """The error of an answer that ended before it was complete."""
        what = f"the answer of {self._provider} broke off"
        return StreamInterrupted(what, why=why, provider=self._provider, partial=self.partial)

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"the answer of {self._provider} is not in the form of the Messages API"
        return InvalidResponse(what, why=why, provider=self._provider, partial=self.partial)

    # --- blocks

    def _start(self, number: int, block: Mapping[str, object]) -> list[Chunk]:
        kind = block.get("type")
        match kind:
            case "text":
                self._blocks[number] = _Block("text")
                self._keep_citations(block.get("citations"))
                return self._text(block.get("text"))
            case "thinking":
                made = self._blocks[number] = _Block("thinking")
                made.signature = _string(block.get("signature"))
                return self._thinking(block.get("thinking"))
            case "redacted_thinking":
                return [ThinkingChunk("", {"anthropic": {"redacted": _string(block.get("data"))}})]
            case "tool_use":
                return [self._call(number, block)]
        note(f"a block of type {kind!r} in the answer was left out: this plugin does not know it")
        return []

    def _delta(self, number: int, delta: Mapping[str, object]) -> list[Chunk]:
        match delta.get("type"):
            case "text_delta":
                return self._text(delta.get("text"))
            case "thinking_delta":
                return self._thinking(delta.get("thinking"))
            case "signature_delta":
                if number in self._blocks:
                    self._blocks[number].signature += _string(delta.get("signature"))
            case "input_json_delta":
                return self._arguments(number, delta.get("partial_json"))
            case "citations_delta":
                self._keep_citations([delta.get("citation")])
        return []

    def _stop(self, number: int) -> list[Chunk]:
        block = self._blocks.pop(number, None)
        if block is None or not block.signature:
            return []
        return [ThinkingChunk("", {"anthropic": {"signature": block.signature}})]

    def _text(self, text: object) -> list[Chunk]:
        if not isinstance(text, str) or not text:
            return []
        self.texts.append(text)
        return [TextChunk(text)]

    def _thinking(self, text: object) -> list[Chunk]:
        return [ThinkingChunk(text)] if isinstance(text, str) and text else []

    def _call(self, number: int, block: Mapping[str, object]) -> ToolCallChunk:
        name = block.get("name")
        if not isinstance(name, str) or not name:
            raise self.invalid("a tool call has no name")
        call_id = _string(block.get("id"))
        if not call_id or call_id in self._ids:
            call_id = f"toolu_{new_id()}"
        self._ids.add(call_id)
        index = self._calls
        self._calls += 1
        self._blocks[number] = _Block("tool_use", index)
        # A stream begins with an empty object here, whatever comes after it.
        given = block.get("input")
        return ToolCallChunk(index, json.dumps(given, ensure_ascii=False) if given else "", call_id, name)

    def _arguments(self, number: int, text: object) -> list[Chunk]:
        block = self._blocks.get(number)
        if block is None or block.call < 0:
            raise self.invalid(f"arguments for block {number}, which is no tool call")
        return [ToolCallChunk(block.call, text)] if isinstance(text, str) and text else []

    # --- the answer as a whole

    def _begin(self, message: Mapping[str, object]) -> None:
        self._id, self._model = _string(message.get("id")), _string(message.get("model"))
        self._usage.add(message.get("usage"), final=False)
        self._note_transformations(message.get("input_transformations"))

    def _conclude(self, delta: Mapping[str, object]) -> None:
        self._reason = delta.get("stop_reason") or self._reason
        for name in _KEPT_FIELDS:
            if delta.get(name):
                self._metadata[name] = delta[name]

    def _keep_citations(self, citations: object) -> None:
        """Keep what a text rests on: where it stands in the documents that Claude was given."""
        if isinstance(citations, list) and citations:
            kept = self._metadata.setdefault("citations", [])
            assert isinstance(kept, list)
            kept += citations

    def _note_transformations(self, transformations: object) -> None:
        """Say that the API has left out earlier thinking, because something before it has changed since."""
        if isinstance(transformations, list) and transformations:
            note("Claude was not shown some of its earlier thinking, since what came before it has changed")

    def _number(self, event: Mapping[str, object]) -> int:
        number = event.get("index")
        if not isinstance(number, int):
            raise self.invalid("a block has no number")
        return number

    def _object(self, event: Mapping[str, object], name: str) -> Mapping[str, object]:
        value = event.get(name)
        if not isinstance(value, dict):
            raise self.invalid(f"an event has no {name}")
        return value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
