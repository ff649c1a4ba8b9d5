"""Things that a suite closes when its check has ended."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Closable(Protocol):
    """Something that may hold connections of its own."""

    async def aclose(self) -> None:
        """Let go of them."""
        ...
