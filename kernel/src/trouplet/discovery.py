"""What the installed distributions declare, read into a ``PluginIndex`` without importing any plugin.

The scan runs once per process. Every distribution is read on its own: what cannot be read is a ``DiscoveryProblem`` and
never hides the others. The index shows ``sys.path`` as it was then; after an installation call ``rescan()``.

Nothing else in the kernel touches importlib-metadata, and it is imported by the scan only: a kernel that is asked for
nothing but built-in names never pays for it.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importlib_metadata import Distribution

GROUP_PREFIX = "trouplet."
KERNEL = "trouplet"
"""The kernel's own distribution."""


class PluginEntry(NamedTuple):
    """One entry point of a plugin: ``kind`` is the group without its prefix, ``name`` what users type.

    A named tuple, since a dataclass costs the commands that only list plugins more than the scan itself.
    """

    kind: str
    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.source})"

    @property
    def source(self) -> str:
        """The distribution with its version, or the class that a host gave."""
        return f"{self.distribution} {self.version}".rstrip() if self.distribution else self.target

    @property
    def identity(self) -> tuple[str, str]:
        """What makes several entries one plugin: the same target of the same distribution."""
        return self.distribution, self.target

    def where(self) -> Mapping[str, str]:
        """The entry as the keyword arguments of a ``PluginError``."""
        return {
            "plugin": self.name,
            "kind": self.kind,
            "distribution": self.distribution,
            "version": self.version,
            "target": self.target,
        }


class DiscoveryProblem(NamedTuple):
    """Something wrong with a distribution's metadata; ``usable`` when its plugins are in the index all the same."""

    distribution: str
    version: str
    path: str
    reason: str
    fix: str
    usable: bool = False


class PluginIndex:
    """The plugins of all installed distributions, by kind and name, and what could not be read."""

    def __init__(self, entries: Iterable[PluginEntry], problems: Iterable[DiscoveryProblem] = ()) -> None:
        self.entries = tuple(sorted(set(entries)))
        self.problems = tuple(problems)

    def find(self, kind: str, name: str) -> list[PluginEntry]:
        """Return every entry that claims the name, whoever it is from."""
        return [entry for entry in self.entries if entry.kind == kind and entry.name == name]

    def names(self, kind: str) -> list[str]:
        """Return the names of one kind, sorted."""
        return sorted({entry.name for entry in self.entries if entry.kind == kind})

    def kinds(self, name: str) -> list[str]:
        """Return the kinds in which a name is claimed, sorted."""
        return sorted({entry.kind for entry in self.entries if entry.name == name})


class _ProcessScan:
    """The one index of this process, made by whoever asks first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._index: PluginIndex | None = None

    def index(self) -> PluginIndex:
        with self._lock:
            if self._index is None:
                self._index = _read_installed()
            return self._index

    def forget(self) -> None:
        from importlib import invalidate_caches

        with self._lock:
            invalidate_caches()
            self._index = None


_process_scan = _ProcessScan()


def scan() -> PluginIndex:
    """Return the index of what is installed; the first call in a process reads it. Safe from any thread."""
    return _process_scan.index()


def rescan() -> PluginIndex:
    """Read again what is installed. Kernels that exist keep what they have loaded."""
    _process_scan.forget()
    return scan()


def requires(distribution: str) -> list[str]:
    """Return the requirements that a distribution declares, as they are written; none when it cannot be read."""
    import importlib_metadata

    try:
        return importlib_metadata.requires(distribution) or []
    except (importlib_metadata.PackageNotFoundError, OSError, ValueError):
        return []


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    import importlib_metadata

    try:
        return importlib_metadata.version(distribution)
    except (importlib_metadata.PackageNotFoundError, OSError, ValueError, KeyError):
        return None


def normalized(distribution: str) -> str:
    """Return a distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _read_installed() -> PluginIndex:
    problems: list[DiscoveryProblem] = []
    entries: list[PluginEntry] = []
    for candidates in _by_name(_distributions(problems)).values():
        entries += _read_best(candidates, problems)
    return PluginIndex(entries, problems)


def _distributions(problems: list[DiscoveryProblem]) -> Iterator[_Candidate]:
    import importlib_metadata

    try:
        for distribution in importlib_metadata.distributions():
            yield _Candidate(distribution)
    except Exception as error:  # the import finders of other packages take part in this search
        reason = f"an import finder of another package failed, some distributions were not seen: {_brief(error)}"
        problems.append(DiscoveryProblem("", "", "", reason, "see sys.meta_path"))


def _by_name(found: Iterable[_Candidate]) -> dict[str, list[_Candidate]]:
    """Group what belongs to one distribution; one folder that is on the path twice counts once."""
    groups: dict[str, list[_Candidate]] = {}
    for candidate in found:
        group = groups.setdefault(normalized(candidate.name), [])
        if not candidate.path or all(candidate.path != other.path for other in group):
            group.append(candidate)
    return groups


def _read_best(candidates: Sequence[_Candidate], problems: list[DiscoveryProblem]) -> list[PluginEntry]:
    """Read the first candidate that is whole: Python's own order, so a later folder of the path is shadowed."""
    for candidate in candidates:
        try:
            if len(candidates) > 1:
                candidate.read_identity()
            entries = candidate.entries()
        except Exception as error:  # whatever is wrong with one distribution's metadata, the others are read
            problems.append(candidate.unreadable(error))
            continue
        if entries:
            problems += _warnings(candidate, candidates)
        return entries
    return []


def _warnings(chosen: _Candidate, candidates: Sequence[_Candidate]) -> Iterator[DiscoveryProblem]:
    reinstall = f"pip install --force-reinstall {chosen.name}"
    for other in candidates:
        if other is not chosen and other.folder == chosen.folder:
            reason = f"installed twice in one folder: {other.path} is left over, {chosen.path} is used"
            yield DiscoveryProblem(chosen.name, chosen.version, other.path, reason, reinstall, usable=True)
    if chosen.path.endswith(".dist-info") and chosen.text("RECORD") is None:
        reason = "has no RECORD, so that pip can neither upgrade nor remove it"
        yield DiscoveryProblem(chosen.name, chosen.version, chosen.path, reason, reinstall, usable=True)


class _Candidate:
    """One metadata folder, with the little that its path tells before anything in it is read."""

    def __init__(self, distribution: Distribution) -> None:
        from pathlib import PurePath

        # The public interface does not tell where the metadata is; finders of other packages may have no path at all.
        path = getattr(distribution, "_path", None)
        self.path = "" if path is None else str(path)
        self.folder = str(PurePath(self.path).parent)
        stem = PurePath(self.path).name.rpartition(".")[0]
        self.name, _, self.version = stem.partition("-")
        self._distribution = distribution
        if not self.name:
            self.name, self.version = distribution.name, distribution.version

    def text(self, file: str) -> str | None:
        return self._distribution.read_text(file)

    def entries(self) -> list[PluginEntry]:
        declared = [point for point in self._distribution.entry_points if point.group.startswith(GROUP_PREFIX)]
        if not declared:
            return []
        self.read_identity()
        return [
            PluginEntry(
                kind=point.group.removeprefix(GROUP_PREFIX),
                name=point.name,
                target=point.value.partition("[")[0].replace(" ", ""),
                distribution=self.name,
                version=self.version,
            )
            for point in declared
        ]

    def read_identity(self) -> None:
        """Take name and version from the metadata; only their lines are read, a whole parse costs fifty times more."""
        if self.name.startswith("~"):
            raise ValueError("an interrupted pip left it over")
        text = self.text("METADATA") or self.text("PKG-INFO") or self.text("")
        if text is None:
            raise ValueError("it has no METADATA")
        name, version = _header(text, "name"), _header(text, "version")
        if not name or not version:
            raise ValueError("its METADATA has no name or no version")
        self.name, self.version = name, version

    def unreadable(self, error: Exception) -> DiscoveryProblem:
        reason = f"its metadata cannot be read, so that none of its plugins is seen: {_brief(error)}"
        left_over = self.name.startswith("~")
        fix = f"delete {self.path}" if left_over else f"pip install --force-reinstall {self.name}"
        return DiscoveryProblem(self.name, self.version, self.path, reason, fix)


def _header(text: str, field: str) -> str:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.lower() == field:
            return value.strip()
        if not line:
            break
    return ""


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
