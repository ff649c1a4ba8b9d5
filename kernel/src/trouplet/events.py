"""The events of a run, and the reducer that folds them into messages.

Everything that watches a run consumes these. Every event has a sequence number (``seq``, counted per run from 1;
numbers of events that nobody asked for are left out) and an ``origin``. In every run, whatever happens: each block that
was started is ended, each tool that was started is ended, and exactly one ``RunEnded`` comes last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trouplet.messages import Msg
from trouplet.model_io import MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.response import ResponseBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Literal

    from trouplet.messages import ContentBlock, MediaBlock, ToolResultBlock
    from trouplet.model_io import FinishReason, Usage

    BlockKind: TypeAlias = Literal["text", "thinking", "tool_use", "media"]
    RunStatus: TypeAlias = Literal["completed", "interrupted", "limit", "failed", "parked"]

EVENT_SCHEMA = 1


@dataclass(slots=True, frozen=True)
class Origin:
    """Where an event comes from; one object per run. ``parent_run_id`` is the run whose tool started this one."""

    run_id: str
    agent_id: str
    agent_name: str
    parent_run_id: str | None = None
    schema: int = EVENT_SCHEMA


@dataclass(slots=True, frozen=True)
class Event:
    """The base of every event."""

    seq: int
    origin: Origin


@dataclass(slots=True, frozen=True)
class RunStarted(Event):
    """The run began with these new messages."""

    messages: tuple[Msg, ...]


@dataclass(slots=True, frozen=True)
class MessagesObserved(Event):
    """Messages joined the conversation during the run: an interruption, say."""

    messages: tuple[Msg, ...]


@dataclass(slots=True, frozen=True)
class ModelCallStarted(Event):
    """A model was asked; its answer will be the message ``message_id``."""

    step: int
    model: str
    message_id: str


@dataclass(slots=True, frozen=True)
class BlockStarted(Event):
    """A content block of the answer begins; ``block`` numbers it within the message."""

    block: int
    kind: BlockKind


@dataclass(slots=True, frozen=True)
class TextDelta(Event):
    """The next piece of a text block."""

    block: int
    text: str


@dataclass(slots=True, frozen=True)
class ThinkingDelta(Event):
    """The next piece of a thinking block."""

    block: int
    text: str


@dataclass(slots=True, frozen=True)
class ToolCallStarted(Event):
    """The model begins to call a tool; the arguments follow."""

    block: int
    call_id: str
    name: str


@dataclass(slots=True, frozen=True)
class ToolCallDelta(Event):
    """The next piece of a call's arguments, as JSON text."""

    block: int
    arguments: str


@dataclass(slots=True, frozen=True)
class MediaAdded(Event):
    """A media block of the answer."""

    block: int
    content: MediaBlock


@dataclass(slots=True, frozen=True)
class PartialOutput(Event):
    """What there is of the structured output while it arrives: JSON-able data, not validated."""

    data: object


@dataclass(slots=True, frozen=True)
class BlockEnded(Event):
    """A content block of the answer is over."""

    block: int


@dataclass(slots=True, frozen=True)
class ModelCallEnded(Event):
    """The answer is over. ``finish_reason`` is None when it broke off; ``message`` is what was kept of it."""

    finish_reason: FinishReason | None
    usage: Usage
    message: Msg | None


@dataclass(slots=True, frozen=True)
class ToolStarted(Event):
    """A tool runs."""

    call_id: str
    name: str
    input: Mapping[str, object]


@dataclass(slots=True, frozen=True)
class ToolOutput(Event):
    """Output of a tool that is still running; the next piece, not the whole."""

    call_id: str
    output: tuple[ContentBlock, ...]


@dataclass(slots=True, frozen=True)
class ToolEnded(Event):
    """A tool call has its result, whether or not the tool ran."""

    result: ToolResultBlock


@dataclass(slots=True, frozen=True)
class ApprovalRequested(Event):
    """A call waits for a human."""

    call_id: str
    question: str


@dataclass(slots=True, frozen=True)
class NoteAdded(Event):
    """Something that the run did differently than asked, and why."""

    note: str


@dataclass(slots=True, frozen=True)
class RunEnded(Event):
    """The last event of every run. ``error`` is set when it failed, or when its caller cancelled it."""

    status: RunStatus
    reply: Msg | None
    usage: Usage
    error: BaseException | None = None


@dataclass(slots=True, frozen=True)
class Subscription:
    """What an ``on_event`` hook returns: call ``handler`` for events of these types.

    With ``batch`` the handler gets a list of up to that many events at a time (the rest when the run ends).
    """

    types: tuple[type[Event], ...]
    handler: Callable[[Event], object] | Callable[[list[Event]], object]
    batch: int = 0


def fold(events: Iterable[Event]) -> list[Msg]:
    """Return the messages that a run added to its conversation, from its events alone.

    The deltas are enough: an answer that broke off is folded into what had arrived.
    """
    reducer = EventReducer()
    for event in events:
        reducer.add(event)
    return reducer.messages()


class EventReducer:
    """Folds the events of one run into messages, one event at a time."""

    def __init__(self) -> None:
        self._messages: list[Msg] = []
        self._builder: ResponseBuilder | None = None
        self._message_id = ""
        self._results: list[ToolResultBlock] = []

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case TextDelta(text=text):
                self._answer.add(TextChunk(text))
            case ThinkingDelta(text=text):
                self._answer.add(ThinkingChunk(text))
            case ToolCallStarted(block=block, call_id=call_id, name=name):
                self._answer.add(ToolCallChunk(block, id=call_id, name=name))
            case ToolCallDelta(block=block, arguments=arguments):
                self._answer.add(ToolCallChunk(block, arguments))
            case MediaAdded(content=content):
                self._answer.add(MediaChunk(content))
            case _:
                self._add_boundary(event)

    def _add_boundary(self, event: Event) -> None:
        match event:
            case RunStarted(messages=messages) | MessagesObserved(messages=messages):
                self._close_results(event.origin)
                self._messages += messages
            case ModelCallStarted(message_id=message_id):
                self._close_results(event.origin)
                self._builder, self._message_id = ResponseBuilder(), message_id
            case ModelCallEnded(message=message):
                self._builder = None
                if message is not None:
                    self._messages.append(message)
            case ToolEnded(result=result):
                self._results.append(result)
            case RunEnded():
                self._close_results(event.origin)
            case _:
                pass

    def messages(self) -> list[Msg]:
        """The messages so far; an answer that is still being written is the last one."""
        if self._builder is None:
            return list(self._messages)
        content = self._builder.blocks()
        return [*self._messages, Msg("", content, "assistant", id=self._message_id)]

    @property
    def _answer(self) -> ResponseBuilder:
        assert self._builder is not None, "a delta outside of a model call"
        return self._builder

    def _close_results(self, origin: Origin) -> None:
        if self._results:
            self._messages.append(Msg(origin.agent_name, self._results, "tool"))
            self._results = []


__all__ = [
    "EVENT_SCHEMA", "ApprovalRequested", "BlockEnded", "BlockStarted", "Event", "EventReducer", "MediaAdded",
    "MessagesObserved", "ModelCallEnded", "ModelCallStarted", "NoteAdded", "Origin", "PartialOutput", "RunEnded",
    "RunStarted", "Subscription", "TextDelta", "ThinkingDelta", "ToolCallDelta", "ToolCallStarted", "ToolEnded",
    "ToolOutput", "ToolStarted", "fold",
]  # fmt: skip
