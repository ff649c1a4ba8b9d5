"""The scope of a run: what hooks, middleware and subscriptions are given to know where they are."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trouplet.agent import Agent
    from trouplet.agent_run import Run
    from trouplet.kernel import Kernel
    from trouplet.run_state import RunState


@dataclass(slots=True, eq=False)
class Scope:
    """One run of one agent.

    ``kernel`` is None for an agent that was made without one. ``state`` is the run's own state: hooks read it, and
    change nothing in it; what they have to say about the run they say with ``note``. ``parent`` is the scope of the run
    whose tool started this one.
    """

    agent: Agent
    state: RunState
    kernel: Kernel | None = None
    parent: Scope | None = None

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.state.run_id


current_run: ContextVar[Run | None] = ContextVar("trouplet_run", default=None)
"""The run in whose work this code takes part."""


def note(text: str) -> None:
    """Say that the current run does something differently than asked, and why: once per run, whoever says it again.

    Outside of a run nobody listens.
    """
    run = current_run.get()
    if run is not None:
        run.note(text)
