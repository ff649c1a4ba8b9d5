"""The scope of a run: what hooks, middleware and subscriptions are given to know where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trouplet.agent import Agent
    from trouplet.kernel import Kernel
    from trouplet.run_state import RunState


@dataclass(slots=True, eq=False)
class Scope:
    """One run of one agent.

    ``kernel`` is None for an agent that was made without one. ``state`` is the run's own state: hooks read it, and
    change nothing in it but ``state.notes``. ``parent`` is the scope of the run whose tool started this one.
    """

    agent: Agent
    state: RunState
    kernel: Kernel | None = None
    parent: Scope | None = None

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.state.run_id
