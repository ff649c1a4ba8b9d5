"""Tells whether a provider would accept a request as it arrived: strict simulators of what each refuses with a 400."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rules: TypeAlias = Callable[[Mapping[str, object]], Iterator[str]]

PROTOCOLS: dict[str, Rules] = {}
"""The rules of each protocol, by its name."""


def violations(protocol: str, body: Mapping[str, object]) -> list[str]:
    """Return every rule of a protocol that the JSON body of a request breaks."""
    return list(PROTOCOLS[protocol](body)) if protocol in PROTOCOLS else []
