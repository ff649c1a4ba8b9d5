"""The working memory that needs nothing: a list in the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidHistory
from trouplet.messages import ToolResultBlock, ToolUseBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.messages import Msg


class InMemoryMemory:
    """Keeps messages in order, each at most once, and never a tool call apart from its result."""

    __slots__ = ("_ids", "_marks", "_messages", "_open")

    def __init__(self, messages: Sequence[Msg] = ()) -> None:
        self._reset(messages)

    def _reset(self, messages: Sequence[Msg]) -> None:
        self._messages: list[Msg] = []
        self._ids: set[str] = set()
        self._marks: dict[str, set[str]] = {}
        self._open: set[str] = set()
        self._append(messages, ())

    async def add(self, messages: Sequence[Msg], *, marks: Iterable[str] = ()) -> None:
        """Append messages, all or none; those that are there already are skipped."""
        self._append(messages, tuple(marks))

    def _append(self, messages: Sequence[Msg], marks: tuple[str, ...]) -> None:
        waiting, fresh = self._open, []
        for msg in messages:
            if msg.id not in self._ids:
                waiting = _open_after(msg, waiting)
                fresh.append(msg)
        self._open = waiting
        self._messages += fresh
        self._ids.update([msg.id for msg in fresh])
        if marks:
            self._marks.update({msg.id: set(marks) for msg in fresh})

    async def get(self, *, mark: str | None = None, exclude_mark: str | None = None) -> Sequence[Msg]:
        """Return the messages in order, all or by mark."""
        if mark is None and exclude_mark is None:
            return self._messages.copy()
        nothing: set[str] = set()
        marked = [(msg, self._marks.get(msg.id, nothing)) for msg in self._messages]
        return [msg for msg, marks in marked if (mark is None or mark in marks) and (exclude_mark not in marks)]

    async def delete(self, ids: Iterable[str]) -> int:
        """Delete messages, each with the calls or results that belong to it; return how many are gone."""
        gone = self._with_partners(set(ids) & self._ids)
        self._messages = [msg for msg in self._messages if msg.id not in gone]
        self._ids -= gone
        for id in gone:
            self._marks.pop(id, None)
        if self._messages:
            self._open = {call.id for call in self._messages[-1].blocks(ToolUseBlock)}
        else:
            self._open = set()
        return len(gone)

    def _with_partners(self, ids: set[str]) -> set[str]:
        calls = {block.id: msg.id for msg in self._messages for block in msg.blocks(ToolUseBlock)}
        gone = set(ids)
        for msg in self._messages:
            for result in msg.blocks(ToolResultBlock):
                partner = calls[result.id]
                if partner in ids or msg.id in ids:
                    gone |= {partner, msg.id}
        return gone

    async def clear(self) -> None:
        """Delete everything."""
        self._reset(())

    async def size(self) -> int:
        """Return the number of messages."""
        return len(self._messages)

    def state_dict(self) -> dict[str, object]:
        """Return the messages and their marks, JSON-able."""
        from trouplet.codec import dump_msg

        marks = {id: sorted(marks) for id, marks in self._marks.items()}
        return {"messages": [dump_msg(msg) for msg in self._messages], "marks": marks}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Replace the contents with what ``state_dict`` returned."""
        from trouplet.codec import load_msg

        messages, marks = state["messages"], state.get("marks", {})
        assert isinstance(messages, list), "state_dict() writes a list"
        assert isinstance(marks, dict), "state_dict() writes an object"
        self._reset([load_msg(data) for data in messages])
        self._marks = {str(id): set(names) for id, names in marks.items()}


def _open_after(msg: Msg, waiting: set[str]) -> set[str]:
    """Return the ids of the calls that wait for their result after this message; raise ``InvalidHistory``."""
    if not msg.content:
        raise InvalidHistory(f"message {msg.id} of {msg.name!r} has no content")
    results = {block.id for block in msg.content if isinstance(block, ToolResultBlock)}
    if results != waiting:
        if lost := waiting - results:
            raise InvalidHistory(
                f"a message of {msg.name!r} would separate tool calls from their results: {', '.join(sorted(lost))}",
                fix="Add one message with all the results first",
            )
        raise InvalidHistory(f"tool results without a call: {', '.join(sorted(results - waiting))}")
    if results and len(msg.blocks(ToolResultBlock)) != len(results):
        raise InvalidHistory("a tool call has two results")
    return {block.id for block in msg.content if isinstance(block, ToolUseBlock)}
