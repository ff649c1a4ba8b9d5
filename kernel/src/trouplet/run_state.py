"""The state of a run: all that the loop needs to know to go on, in this process or in another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.events import RunStatus
    from trouplet.messages import Msg, ToolResultBlock, ToolUseBlock
    from trouplet.tool_io import Ask


@dataclass(slots=True)
class RunState:
    """One run of one agent; ``trouplet.codec`` turns it into JSON and back.

    ``calls`` are the tool calls of the model's last answer, in order, until all of them have their result in
    ``results``; ``started`` are the ids of those that began to run, ``asks`` what a human has to decide first,
    ``approved`` what one has decided. ``answered`` is true when the last answer called no tool. ``output`` is the
    structured output, as JSON-able data. ``notes`` say what the run did differently than asked, and why.
    """

    run_id: str
    agent: str
    max_iters: int
    step: int = 0
    calls: list[ToolUseBlock] = field(default_factory=list)
    results: dict[str, ToolResultBlock] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    asks: dict[str, Ask] = field(default_factory=dict)
    approved: list[str] = field(default_factory=list)
    call_ids: list[str] = field(default_factory=list)
    answered: bool = False
    reply: Msg | None = None
    output: Mapping[str, object] | None = None
    usage: Usage = field(default_factory=Usage.none)
    notes: list[str] = field(default_factory=list)
    status: RunStatus | None = None

    @property
    def open_calls(self) -> list[ToolUseBlock]:
        """The calls that have no result yet."""
        return [call for call in self.calls if call.id not in self.results]
