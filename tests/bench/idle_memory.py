"""The memory that an agent holds while it does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurement import PairScenario, Row

if TYPE_CHECKING:
    from measurement import Server


@dataclass(slots=True, frozen=True)
class IdleAgents:
    """Resident bytes per agent, of many; there is no floor to compare with."""

    name: str
    title: str
    side: str
    number: int = 10_000
    aim: float | None = None

    def rows(self, server: Server, _repeats: int) -> list[Row]:
        scenario = PairScenario(self.name, self.title, "idle_agents", "hello", self.number)
        resident, traced = (int(number) / 1024 for number in scenario.read(self.side, server).returned.split())
        return [
            Row(self.name, self.title, resident, unit="KB", aim=self.aim, ours=f"{traced:.2f} KB traced"),
        ]
