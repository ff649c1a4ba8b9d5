"""What goes with a tool call besides its arguments: the tool's traits and a policy's verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class ToolTraits:
    """How a tool may be run.

    ``deadline`` is in seconds (None: no limit), ``output_limit`` in bytes of UTF-8 text. An ``idempotent`` tool may be
    run again after a crash; a ``read_only`` one changes nothing.
    """

    deadline: float | None = 300.0
    output_limit: int = 64 * 1024
    idempotent: bool = False
    read_only: bool = False
    requires_approval: bool = False


@dataclass(slots=True)
class Deny:
    """A policy's no: the call is not run, and the model sees the reason."""

    reason: str


@dataclass(slots=True)
class Ask:
    """A policy's question to a human: the run parks until somebody answers."""

    question: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Allow:
    """A human's yes to an ``Ask``."""
