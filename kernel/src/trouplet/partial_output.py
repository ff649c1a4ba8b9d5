"""Shows a structured output while it arrives.

What has arrived is parsed anew only when it has grown by a sixteenth, so that the cost of a long output grows with its
length and not with its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet import events as ev
from trouplet.model_io import TextChunk, ToolCallChunk
from trouplet.structured import TOOL_NAME

if TYPE_CHECKING:
    from typing import Any

    from trouplet.model_io import Chunk
    from trouplet.run_events import RunEvents
    from trouplet.structured import OutputContract


class OutputReader:
    """Reads the output out of the chunks of one answer and publishes what there is of it."""

    __slots__ = ("_call", "_contract", "_events", "_last", "_pieces", "_size", "_threshold")

    def __init__(self, contract: OutputContract[Any], events: RunEvents) -> None:
        self._contract = contract
        self._events = events
        self._call: int | None = None
        self._pieces: list[str] = []
        self._size = 0
        self._threshold = 1
        self._last: object = None

    def take(self, chunk: Chunk) -> None:
        """Take the next chunk of the answer."""
        piece = self._piece(chunk)
        if not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= self._threshold:
            self._threshold = self._size + max(1, self._size // 16)
            self._publish()

    def finish(self) -> None:
        """Publish the rest of an answer that is complete."""
        if self._pieces:
            self._publish()

    def _piece(self, chunk: Chunk) -> str:
        if type(chunk) is TextChunk:
            return "" if self._contract.by_tool else chunk.text
        if isinstance(chunk, ToolCallChunk):
            if chunk.name == TOOL_NAME:
                self._call, self._pieces = chunk.index, []
            return chunk.arguments if chunk.index == self._call else ""
        return ""

    def _publish(self) -> None:
        data = self._contract.partial("".join(self._pieces))
        if data is not None and data != self._last:
            self._last = data
            self._events.emit(ev.PartialOutput, data)
