"""Who decides about tool calls that need consent: the person at the terminal, or a rule given in advance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.tool_io import Allow, Deny
from trouplet_cli.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from trouplet.messages import ToolUseBlock
    from trouplet_cli.line_reader import LineSource
    from trouplet_cli.terminal import Terminal
    from trouplet_cli.turn import Approver

    Decision = Allow | Deny

CHOICES = "[a]llow  [s]ession  [r]eject › "  # noqa: RUF001


class AskPerson:
    """Asks the person about each call. ``s`` allows the tool until the program ends."""

    def __init__(self, lines: LineSource) -> None:
        self._lines = lines
        self._allowed_tools: set[str] = set()

    async def decide(self, calls: Sequence[ToolUseBlock]) -> Mapping[str, Decision]:
        """Ask about one call after the other; one that only Enter answers is asked about again."""
        return {call.id: await self._ask(call) for call in calls}

    async def _ask(self, call: ToolUseBlock) -> Decision:
        while call.name not in self._allowed_tools:
            try:
                answer = (await self._lines.read(f"{one_line(call.name)}: {CHOICES}")).strip()
            except EOFError:
                return Deny("The user did not decide.")
            choice, _, reason = answer.partition(" ")
            match choice.lower():
                case "a" | "allow":
                    return Allow()
                case "s" | "session":
                    self._allowed_tools.add(call.name)
                case "r" | "reject":
                    return Deny(f"The user rejected it. {reason}".strip())
        return Allow()


class AllowAll:
    """Allows every call: ``--approve all``."""

    async def decide(self, calls: Sequence[ToolUseBlock]) -> Mapping[str, Decision]:
        """Allow."""
        return {call.id: Allow() for call in calls}


class RejectAll:
    """Rejects every call, and says why on ``notes``."""

    def __init__(self, reason: str, notes: Terminal | None) -> None:
        self._reason = reason
        self._notes = notes

    async def decide(self, calls: Sequence[ToolUseBlock]) -> Mapping[str, Decision]:
        """Reject."""
        if self._notes is not None:
            names = ", ".join([one_line(call.name) for call in calls])
            self._notes.line(f"Rejected {names}: {self._reason}")
        return {call.id: Deny(self._reason) for call in calls}


def approver_for(rule: Literal["ask", "all", "none"], lines: LineSource | None, notes: Terminal | None) -> Approver:
    """Return who decides; ``lines`` is None where there is nobody to ask."""
    if rule == "all":
        return AllowAll()
    if rule == "none":
        return RejectAll("--approve none rejects every call that needs approval.", notes)
    if lines is None:
        return RejectAll("it needs approval, and there is no terminal to ask at (see --approve).", notes)
    return AskPerson(lines)
