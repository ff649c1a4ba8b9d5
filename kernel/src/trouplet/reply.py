"""What a run gives back: the agent's message with everything about how it came to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from trouplet.messages import Msg
from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.events import RunStatus
    from trouplet.tool_io import Ask

OutputT = TypeVar("OutputT")


@dataclass(slots=True, frozen=True, eq=False, kw_only=True)
class Reply(Msg, Generic[OutputT]):
    """The message that answers a call of an agent.

    ``output`` is the structured output when one was asked for, ``usage`` the tokens of all model calls of the run,
    ``notes`` what the run did differently than asked, ``asks`` the decisions that a parked run waits for, by call id.
    """

    output: OutputT
    status: RunStatus = "completed"
    usage: Usage = field(default_factory=Usage.none)
    run_id: str = ""
    notes: tuple[str, ...] = ()
    asks: Mapping[str, Ask] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether ``interrupt()`` ended the run."""
        return self.status == "interrupted"
