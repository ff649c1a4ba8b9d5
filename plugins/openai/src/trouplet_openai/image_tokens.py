"""What an image costs in tokens, by OpenAI's formulas.

Newer models see patches of 32 pixels, as many as a budget allows, each worth a multiple of a token; older ones see
tiles of 512 pixels on top of a base price (OpenAI's guide to images and vision, November 2026). Users have measured
less than the guide says for the small models: 1.2 a patch for gpt-5-mini, gpt-5.4-mini and gpt-5.4-nano, 1.5 for
gpt-5-nano (OpenAI's developer forum, March 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, sqrt

UNKNOWN_SIZE = (1024, 1024)
"""What is assumed of an image that is not at hand."""


@dataclass(slots=True, frozen=True)
class Patches:
    """``per_patch`` tokens for each patch of 32 by 32 pixels; a larger image is shrunk until it has ``most``."""

    per_patch: float
    most: int

    def tokens(self, width: int, height: int) -> int:
        """Return what an image of this size costs."""
        across, down = ceil(width / 32), ceil(height / 32)
        if across * down > self.most:
            across, down = self._shrunk(width, height)
        return ceil(across * down * self.per_patch)

    def _shrunk(self, width: int, height: int) -> tuple[int, int]:
        """The patches of the image after it was shrunk so that whole patches fill one of its sides."""
        scale = sqrt(32 * 32 * self.most / (width * height))
        across, down = width * scale / 32, height * scale / 32
        scale *= min(floor(across) / across, floor(down) / down)
        return ceil(round(width * scale / 32, 6)), ceil(round(height * scale / 32, 6))


@dataclass(slots=True, frozen=True)
class Tiles:
    """``base`` tokens, and ``per_tile`` for each tile of an image fitted into 2048 pixels, its short side into 768."""

    base: int
    per_tile: int

    def tokens(self, width: int, height: int) -> int:
        """Return what an image of this size costs."""
        scale = min(1, 2048 / max(width, height))
        scale = min(scale, 768 / min(width, height))
        return self.base + self.per_tile * ceil(width * scale / 512) * ceil(height * scale / 512)


_BY_MODEL: tuple[tuple[str, Patches | Tiles], ...] = (
    ("gpt-4o-mini", Tiles(2833, 5667)),
    ("gpt-4o", Tiles(85, 170)),
    ("gpt-4.1-mini", Patches(1.62, 1536)),
    ("gpt-4.1-nano", Patches(2.46, 1536)),
    ("gpt-4.1", Tiles(85, 170)),
    ("gpt-5.6", Patches(1.2, 10_000)),
    ("gpt-5.5", Patches(1.2, 10_000)),
    ("gpt-5.4-mini", Patches(1.62, 1536)),
    ("gpt-5.4-nano", Patches(2.46, 1536)),
    ("gpt-5.4", Patches(1.2, 2500)),
    ("gpt-5.3-codex", Patches(1.2, 1536)),
    ("gpt-5.2", Patches(1.2, 1536)),
    ("gpt-5-mini", Patches(1.62, 1536)),
    ("gpt-5-nano", Patches(2.46, 1536)),
    ("gpt-5", Tiles(70, 140)),
    ("o3", Tiles(75, 150)),
)
_NEWEST = Patches(1.2, 1_000_000)


def image_tokens(model: str, size: tuple[int, int] | None) -> int:
    """Return what an image costs a model; of a model that is not known, what it costs the newest ones."""
    price = next((price for prefix, price in _BY_MODEL if model.startswith(prefix)), _NEWEST)
    return price.tokens(*(size or UNKNOWN_SIZE))
