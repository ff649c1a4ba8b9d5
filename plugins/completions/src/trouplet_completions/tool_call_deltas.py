"""Puts the pieces of streamed tool calls in order.

The protocol gives each call an index, and its id and name in its first piece. Compatible servers differ: they leave the
index out or say 0 for every call, repeat the name or split it, send ids late or never, and send arguments as an object.
The rules here, in this order:

- a known index is its call, unless a piece brings another id together with a name: then a new call begins;
- without an index, an id decides; without both, a name begins a new call once the last one has begun its arguments;
- a call is announced with its first arguments (or, without any, when a later call or the end comes), so that a split
  name is whole by then; an id that is missing by then, or not unique, is made up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.messages import new_id
from trouplet.model_io import ToolCallChunk

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Call:
    __slots__ = ("extra", "given_id", "held", "index", "name", "opened")

    def __init__(self, index: int) -> None:
        self.index = index
        self.given_id = ""
        self.name = ""
        self.held = ""
        self.extra: Mapping[str, object] | None = None
        self.opened = False


class ToolCallDeltas:
    """The tool calls of one answer."""

    __slots__ = ("_by_index", "_calls", "_ids", "_unopened")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._ids: set[str] = set()
        self._unopened = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, delta: Mapping[str, object]) -> list[ToolCallChunk]:
        """Take the next piece of a call; return what can be said of the calls by now."""
        function = delta.get("function")
        if not isinstance(function, dict):
            function = {}
        name, arguments = function.get("name"), function.get("arguments")
        call = self._find(delta.get("index"), delta.get("id"), name)
        extra = delta.get("extra_content")
        text = arguments if isinstance(arguments, str) else arguments_text(arguments)
        if call.opened:
            if not text and not extra:
                return []
            return [ToolCallChunk(call.index, text, extra=_extra(extra))]
        return self._prepare(call, name, text, extra)

    def flush(self) -> list[ToolCallChunk]:
        """Announce the calls that have not been: those without arguments."""
        return self._open_up_to(len(self._calls))

    def nameless(self) -> bool:
        """Whether a call has no name, which leaves nothing to call."""
        return not all([call.name for call in self._calls])

    def _prepare(self, call: _Call, name: object, text: str, extra: object) -> list[ToolCallChunk]:
        if isinstance(name, str):
            call.name = _joined_name(call.name, name)
        call.extra = _extra(extra) or call.extra
        call.held += text
        return self._open_up_to(call.index + 1) if call.held and call.name else []

    def _open_up_to(self, end: int) -> list[ToolCallChunk]:
        if not self._unopened:
            return []
        return [self._open(call) for call in self._calls[:end] if not call.opened and call.name]

    def _open(self, call: _Call) -> ToolCallChunk:
        call.opened = True
        self._unopened -= 1
        call_id = call.given_id
        if not call_id or call_id in self._ids:
            call_id = f"call_{new_id()}"
        self._ids.add(call_id)
        return ToolCallChunk(call.index, call.held, call_id, call.name, call.extra)

    def _find(self, index: object, call_id: object, name: object) -> _Call:
        given = call_id if isinstance(call_id, str) else ""
        call = self._known(index, given, bool(name))
        if call is None:
            call = _Call(len(self._calls))
            self._calls.append(call)
            self._unopened += 1
        if isinstance(index, int):
            self._by_index[index] = call
        if given and not call.given_id:
            call.given_id = given
        return call

    def _known(self, index: object, given: str, named: bool) -> _Call | None:
        if isinstance(index, int):
            call = self._by_index.get(index)
            another = call is not None and named and given and call.given_id and given != call.given_id
            return None if another else call
        if given:
            return next((call for call in self._calls if call.given_id == given), None)
        last = self._calls[-1] if self._calls else None
        return None if last is not None and named and last.opened else last


def _joined_name(before: str, piece: str) -> str:
    if piece.startswith(before):
        return piece  # the first piece, a repetition, or the name so far
    return before + piece


def _extra(content: object) -> Mapping[str, object] | None:
    """Gemini's endpoint wants its thought signatures back; see the formatter."""
    return {"openai": {"extra_content": content}} if content else None


def arguments_text(arguments: object) -> str:
    """The JSON text of arguments, which some servers send as an object. What is nested too deeply is not JSON then."""
    if isinstance(arguments, str):
        return arguments
    try:
        return "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    except RecursionError:
        return "[too deep"
