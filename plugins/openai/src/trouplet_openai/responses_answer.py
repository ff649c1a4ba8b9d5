"""One answer of the Responses API, as far as it has arrived: turns events and items into chunks.

A stream is complete when ``response.completed`` or ``response.incomplete`` has come; ``response.failed`` and ``error``
are errors, whatever came before (OpenAI API reference, Responses: streaming events, November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse, StreamInterrupted
from trouplet.messages import new_id
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, ToolCallChunk, Usage
from trouplet_completions.provider_errors import error_in_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Chunk, FinishReason

    Item = Mapping[str, object]

_INCOMPLETE: Mapping[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


class _Call:
    """A call under way: its index, and whether any of its arguments have come."""

    __slots__ = ("begun", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.begun = False


class ResponseAnswer:
    """The state of one answer. ``texts`` holds the pieces of its text, for whoever needs them when it breaks off."""

    __slots__ = ("_calls", "_finish", "_ids", "_metadata", "_provider", "texts")

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.texts: list[str] = []
        self._calls: dict[int | str, _Call] = {}
        self._ids: set[str] = set()
        self._metadata: dict[str, object] = {}
        self._finish: Finish | None = None

    @property
    def partial(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    @property
    def complete(self) -> bool:
        """Whether the provider has said that the answer is over."""
        return self._finish is not None

    def add(self, event: object) -> list[Chunk]:
        """Take the next event of a stream; raise what it says went wrong. Events that are not known are left out."""
        if not isinstance(event, dict):
            raise self.invalid(f"a JSON {type(event).__name__} where an object was expected")
        kind = event.get("type")
        if kind == "error" or (kind is None and event.get("error")):
            raise self._failed(event.get("error") or event)
        place = self._place(event)
        match kind:
            case "response.output_text.delta" | "response.refusal.delta":
                return self._add_text(_text(event, "delta"), refused=kind == "response.refusal.delta")
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return _thinking(_text(event, "delta"))
            case "response.reasoning_summary_part.added":
                return [ThinkingChunk("\n\n")] if event.get("summary_index") else []
            case "response.output_item.added":
                return self._open(place, self._item(event))
            case "response.function_call_arguments.delta":
                return self._add_arguments(place, _text(event, "delta"))
            case "response.output_item.done":
                return self._close(place, self._item(event))
            case "response.completed" | "response.incomplete" | "response.failed":
                self._conclude(event.get("response"))
        return []

    def add_whole(self, body: Mapping[str, object]) -> list[Chunk]:
        """Take a whole answer and return all its chunks, the ``Finish`` included."""
        output = body.get("output")
        if not isinstance(output, list):
            raise self._failed(body["error"]) if body.get("error") else self.invalid("there is no output in it")
        made: list[Chunk] = []
        for index, item in enumerate(output):
            if not isinstance(item, dict):
                raise self.invalid("its output is not a list of objects")
            made += [*self._open(index, item), *self._content(item), *self._close(index, item)]
        self._conclude(body)
        return [*made, *self.finish()]

    def finish(self) -> list[Chunk]:
        """Return the last chunk of an answer; raise ``StreamInterrupted`` for one that is not complete."""
        if self._finish is None:
            what = f"the answer of {self._provider} broke off"
            why = "It ended without response.completed"
            raise StreamInterrupted(what, why=why, provider=self._provider, partial=self.partial)
        return [self._finish]

    def invalid(self, why: str) -> InvalidResponse:
        """The error of an answer that is not in the protocol's form."""
        what = f"the answer of {self._provider} is not a response"
        return InvalidResponse(what, why=why, provider=self._provider, partial=self.partial)

    def _failed(self, error: object) -> Exception:
        return error_in_answer(error, provider=self._provider, partial=self.partial)

    def _place(self, event: Item) -> int | str:
        """Which item an event is about: its index, or at llama.cpp, which numbers nothing, its id."""
        index = event.get("output_index")
        if isinstance(index, int):
            return index
        if index is not None:
            raise self.invalid(f"an output_index is {index!r}")
        item = event.get("item")
        inner = item if isinstance(item, dict) else {}
        return _text(event, "item_id") or _text(inner, "id") or _text(inner, "call_id")

    def _item(self, event: Item) -> Item:
        item = event.get("item")
        if not isinstance(item, dict):
            raise self.invalid("an event about an item has none")
        return item

    def _add_text(self, text: str, *, refused: bool = False) -> list[Chunk]:
        if refused:
            self._metadata["refusal"] = True
        if not text:
            return []
        self.texts.append(text)
        return [TextChunk(text)]

    def _open(self, place: int | str, item: Item) -> list[Chunk]:
        if item.get("type") != "function_call" or place in self._calls:
            return []
        name, call_id = _text(item, "name"), _text(item, "call_id")
        if not name:
            raise self.invalid("a tool call has no name")
        if not call_id or call_id in self._ids:
            call_id = f"call_{new_id()}"
        self._ids.add(call_id)
        call = self._calls[place] = _Call(len(self._calls))
        return [ToolCallChunk(call.index, "", call_id, name)]

    def _add_arguments(self, place: int | str, arguments: str) -> list[Chunk]:
        call = self._calls.get(place)
        if call is None:
            raise self.invalid("arguments came for a call that had not begun")
        if not arguments:
            return []
        call.begun = True
        return [ToolCallChunk(call.index, arguments)]

    def _content(self, item: Item) -> list[Chunk]:
        """The text and the reasoning of an item that came as a whole."""
        if item.get("type") == "reasoning":
            summary = "\n\n".join([_text(part, "text") for part in _parts(item, "summary")])
            return _thinking(summary or "".join([_text(part, "text") for part in _parts(item, "content")]))
        made: list[Chunk] = []
        if item.get("type") == "message":
            for part in _parts(item, "content"):
                refused = part.get("type") == "refusal"
                made += self._add_text(_text(part, "refusal" if refused else "text"), refused=refused)
        return made

    def _close(self, place: int | str, item: Item) -> list[Chunk]:
        match item.get("type"):
            case "function_call":
                opened = self._open(place, item)  # some servers send the item only when it is done
                call = self._calls[place]
                return opened if call.begun else [*opened, *self._add_arguments(place, _text(item, "arguments"))]
            case "reasoning":
                kept = {name: item[name] for name in ("id", "encrypted_content") if item.get(name)}
                return [ThinkingChunk("", {"openai": {"reasoning": kept}})] if "encrypted_content" in kept else []
            case "message":
                phase = item.get("phase")
                return [TextChunk("", {"openai": {"phase": phase}})] if phase else []
            case _:
                others = self._metadata.setdefault("items", [])
                assert isinstance(others, list)
                others.append(item)
                return []

    def _conclude(self, response: object) -> None:
        if not isinstance(response, dict):
            raise self.invalid("the last event has no response")
        status = response.get("status")
        if status == "failed" or response.get("error"):
            raise self._failed(response.get("error") or response)
        if status not in ("completed", "incomplete"):
            raise self.invalid(f"its status is {status!r}")
        if response.get("service_tier"):
            self._metadata["service_tier"] = response["service_tier"]
        self._finish = Finish(
            self._reason(response),
            usage_of(response.get("usage")),
            _text(response, "id"),
            _text(response, "model"),
            self._metadata or None,
        )

    def _reason(self, response: Item) -> FinishReason:
        if response.get("status") == "completed":
            return "tool_calls" if self._calls else "stop"
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        known = _INCOMPLETE.get(reason, "other") if isinstance(reason, str) else "other"
        if known == "other":
            self._metadata["finish_reason"] = reason
        return known


def usage_of(usage: object) -> Usage | None:
    """Read the usage of a response; None when it is not there."""
    if not isinstance(usage, dict) or not isinstance(usage.get("input_tokens"), int):
        return None
    details = usage.get("input_tokens_details")
    return Usage(
        usage["input_tokens"],
        _count(usage, "output_tokens"),
        _count(details, "cached_tokens"),
        _count(usage.get("output_tokens_details"), "reasoning_tokens"),
        cache_write_tokens=_count(details, "cache_write_tokens"),
    )


def _thinking(text: str) -> list[Chunk]:
    return [ThinkingChunk(text)] if text else []


def _parts(item: Item, name: str) -> list[Item]:
    parts = item.get(name)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _count(usage: object, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else 0
