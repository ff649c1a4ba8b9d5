"""Compares what a distribution says it needs with what is installed.

Used to explain why a plugin does not import. It compares release numbers only: pre-releases count as their release, and
requirements with environment markers, URLs or ``===`` are taken as met. The installer is the judge, this is a hint.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, NamedTuple

from trouplet.discovery import installed_version, requires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*\(?(?P<versions>[^;()@]*)\)?\s*$")
_CLAUSE = re.compile(r"\s*(~=|>=|<=|==|!=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?\S*\s*")
_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


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
    clauses = map(_CLAUSE.fullmatch, specifier.split(","))
    return all(_meets(version, *clause.groups(default="")) for clause in clauses if clause is not None)


def _meets(version: str, comparison: str, bound: str, wildcard: str) -> bool:
    found, wanted = _release(version), _release(bound)
    if comparison == "~=":
        return _meets(version, ">=", bound, "") and _meets(version, "==", bound.rpartition(".")[0], ".*")
    if wildcard:
        found = found[: len(wanted)]
    return _COMPARISONS[comparison](_trimmed(found), _trimmed(wanted))


def _release(version: str) -> tuple[int, ...]:
    release = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, release[1].split("."))) if release else ()


def _trimmed(release: tuple[int, ...]) -> tuple[int, ...]:
    """Return a release without zeros at its end, so that 1.0 is 1."""
    while release and release[-1] == 0:
        release = release[:-1]
    return release
