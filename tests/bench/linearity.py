"""Whether the cost of a stream grows with its chunks, and no faster."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from measurement import PairScenario, Row, duration

if TYPE_CHECKING:
    from measurement import Reading, Server

SHORT, LONG = 2_000, 20_000


@dataclass(slots=True, frozen=True)
class Linearity:
    """Our cost of a chunk in a long stream ÷ that in a short one."""

    name: str
    title: str
    aim: float

    def rows(self, server: Server, repeats: int) -> list[Row]:
        pairs = [(self._cost(SHORT, server), self._cost(LONG, server)) for _ in range(repeats)]
        ratios = [long / short for short, long in pairs]
        return [
            Row(
                self.name,
                self.title,
                median(ratios),
                aim=self.aim,
                low=min(ratios),
                high=max(ratios),
                quiet=min(long for _, long in pairs) / min(short for short, _ in pairs),
                floor=f"{duration(median([short for short, _ in pairs]))}/chunk",
                ours=f"{duration(median([long for _, long in pairs]))}/chunk",
            )
        ]

    def _cost(self, size: int, server: Server) -> float:
        scenario = PairScenario(self.name, self.title, "streams", f"chunks-{size}", size, "chunk")
        reading: Reading = scenario.read("ours_events", server)
        return reading.seconds / reading.units
