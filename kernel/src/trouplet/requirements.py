"""Compares what a distribution says it needs with what is installed.

Used to explain why a plugin does not import. It compares release numbers only: pre-releases count as their release, and
requirements with environment markers, URLs or ``===`` are taken as met. The installer is the judge, this is a hint.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from trouplet.discovery import installed_version, requires

if TYPE_CHECKING:
    from collections.abc import Iterator

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*\(?(?P<versions>[^;()@]*)\)?\s*$")
_CLAUSE = re.compile(r"(~=|>=|<=|==|!=|<|>)\s*v?([0-9.]+)(\.\*)?")


class UnmetRequirement(NamedTuple):
    """A requirement that what is installed does not meet; ``found`` is None when nothing is."""

    requirement: str
    name: str
    found: str | None

    def __str__(self) -> str:
        return f"needs {self.requirement}, found {f'{self.name} {self.found}' if self.found else 'none'}"


def unmet(distribution: str) -> list[UnmetRequirement]:
    """Return the unconditional requirements of a distribution that are not met."""
    return list(_unmet(distribution))


def _unmet(distribution: str) -> Iterator[UnmetRequirement]:
    for requirement in requires(distribution):
        match = _REQUIREMENT.match(requirement)
        if match is None:
            continue
        found = installed_version(match["name"])
        if found is None or not satisfies(found, match["versions"]):
            yield UnmetRequirement(requirement.replace(" ", ""), match["name"], found)


def satisfies(version: str, specifier: str) -> bool:
    """Whether a version's release meets every clause of a specifier such as ``>=1.13,<2``."""
    return all(_meets(version, *clause) for clause in _CLAUSE.findall(specifier))


def _meets(version: str, operator: str, bound: str, wildcard: str) -> bool:
    parts = bound.strip(".").split(".")
    order = _compare(version, bound)
    prefix = _compare(".".join(_release(version)[: len(parts)]), bound)
    match operator:
        case "==":
            return (prefix if wildcard else order) == 0
        case "!=":
            return (prefix if wildcard else order) != 0
        case "~=":
            series = ".".join(parts[:-1])
            return order >= 0 and _compare(".".join(_release(version)[: len(parts) - 1]), series) == 0
        case ">=":
            return order >= 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order < 0


def _compare(one: str, other: str) -> int:
    """Return a number below, at or above zero as the first release is older, the same or newer."""
    for left, right in zip_longest(_release(one), _release(other), fillvalue="0"):
        if int(left) != int(right):
            return int(left) - int(right)
    return 0


def _release(version: str) -> list[str]:
    release = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return release[1].split(".") if release else []
