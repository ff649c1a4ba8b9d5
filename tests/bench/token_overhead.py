"""What the kernel adds to each token of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from measurement import PairScenario, Row, duration

if TYPE_CHECKING:
    from measurement import Reading, Server


@dataclass(slots=True, frozen=True)
class TokenOverhead:
    """CPU time per chunk over the model's own iterator, which streams chunks that were made beforehand."""

    name: str
    title: str
    side: str
    aim: float | None = None
    number: int = 10_000

    def rows(self, server: Server, repeats: int) -> list[Row]:
        pair = PairScenario(self.name, self.title, "tokens", "hello", self.number, "chunk", ours=self.side)
        pairs = [(pair.read(pair.floor, server), pair.read(pair.ours, server)) for _ in range(repeats)]
        added = [1e6 * (_per_unit(ours) - _per_unit(floor)) for floor, ours in pairs]
        return [
            Row(
                self.name,
                self.title,
                median(added),
                unit="µs",
                aim=self.aim,
                low=min(added),
                high=max(added),
                floor=f"{duration(median([_per_unit(floor) for floor, _ in pairs]))}/chunk",
                ours=f"{duration(median([_per_unit(ours) for _, ours in pairs]))}/chunk",
            )
        ]


def _per_unit(reading: Reading) -> float:
    return reading.seconds / reading.units
