"""Which of the installed plugins may be used, and which one when several claim a name.

A rule is a plugin's name (``openai``), a kind and a name (``models:openai``) or a distribution (``trouplet-openai``). A
block rule beats an allow rule; both are applied before anything is imported. Nothing is ever chosen because it came
first: two distributions that claim one name are a conflict until a ``prefer`` or ``block`` rule resolves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trouplet.discovery import KERNEL, normalized
from trouplet.errors import PluginConflict, PluginNotAllowed, PluginNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal

    from trouplet.config import Settings
    from trouplet.discovery import PluginEntry, PluginIndex

    Status = Literal["installed", "blocked", "conflict"]

RESERVED = frozenset({"test"})
"""Names that belong to the kernel in every kind: an installed plugin that claims one is never asked for it."""


class Standing(NamedTuple):
    """How an installed plugin stands under the rules, why, and what to type to change that."""

    entry: PluginEntry
    status: Status
    reason: str = ""
    fix: str = ""


class Selection:
    """The rules of one kernel. ``allow=None`` allows everything that no rule blocks."""

    def __init__(
        self,
        *,
        allow: Iterable[str] | None = None,
        block: Iterable[str] = (),
        prefer: Mapping[str, str] | None = None,
    ) -> None:
        self.allow = None if allow is None else frozenset(allow)
        self.block = frozenset(block)
        self.prefer = dict(prefer or {})

    @classmethod
    def configured(
        cls,
        settings: Settings,
        *,
        allow: Iterable[str] | None = None,
        block: Iterable[str] = (),
        prefer: Mapping[str, str] | None = None,
    ) -> Selection:
        """Return the rules of the settings with those given here: these come first, but every block rule counts."""
        return cls(
            allow=settings.rule("allow", "TROUPLET_ALLOW") if allow is None else allow,
            block=[*block, *(settings.rule("block", "TROUPLET_BLOCK") or ())],
            prefer={**settings.prefer(), **(prefer or {})},
        )

    def refusal(self, entry: PluginEntry) -> str:
        """Return why an entry may not be used; empty when it may."""
        if entry.name in RESERVED and entry.distribution != KERNEL:
            return f"the name {entry.name!r} belongs to the kernel"
        blocking = sorted(rule for rule in self.block if _matches(rule, entry))
        if blocking:
            return f"the rule {blocking[0]!r} blocks it"
        if self.allow is None or entry.distribution == KERNEL:
            return ""
        if not any(_matches(rule, entry) for rule in self.allow):
            return "it is not on the allow-list"
        return ""

    def check(self, entry: PluginEntry) -> None:
        """Raise ``PluginNotAllowed`` for an entry that may not be used."""
        reason = self.refusal(entry)
        if reason:
            raise PluginNotAllowed(f"{entry} may not be used", why=reason, fix=_unblock(entry, reason), **entry.where())

    def choose(self, index: PluginIndex, kind: str, name: str) -> PluginEntry:
        """Return the one entry that serves a name.

        Raises ``PluginNotFound``, ``PluginNotAllowed`` when the rules refuse all that claim it, and ``PluginConflict``
        when they leave more than one.
        """
        claims = index.find(kind, name)
        if not claims:
            raise _not_found(index, kind, name)
        allowed = [entry for entry in claims if not self.refusal(entry)]
        if not allowed:
            self.check(claims[0])
        preferred = self._preferred(allowed)
        if len(preferred) == 1:
            return preferred[0]
        raise _conflict(allowed)

    def choose_all(self, index: PluginIndex, name: str) -> list[PluginEntry]:
        """Return the entries that a bare name stands for: one for each kind in which it may be used."""
        claims = [entry for entry in index.entries if entry.name == name]
        if not claims:
            raise _not_found(index, "", name)
        kinds = {entry.kind: None for entry in claims if not self.refusal(entry)}
        if not kinds:
            self.check(claims[0])
        return [self.choose(index, kind, name) for kind in kinds]

    def survey(self, index: PluginIndex) -> list[Standing]:
        """Return how every installed plugin stands, in the order of the index."""
        return [self._standing(entry, index) for entry in index.entries]

    def _standing(self, entry: PluginEntry, index: PluginIndex) -> Standing:
        reason = self.refusal(entry)
        if reason:
            status: Status = "conflict" if entry.name in RESERVED else "blocked"
            return Standing(entry, status, reason, _unblock(entry, reason))
        try:
            chosen = self.choose(index, entry.kind, entry.name)
        except PluginConflict as conflict:
            return Standing(entry, "conflict", conflict.what, conflict.fix)
        if chosen is not entry:
            return Standing(entry, "blocked", f"{chosen.distribution} is preferred")
        return Standing(entry, "installed")

    def _preferred(self, claims: Sequence[PluginEntry]) -> Sequence[PluginEntry]:
        kind, name = claims[0].kind, claims[0].name
        wanted = self.prefer.get(f"{kind}:{name}") or self.prefer.get(name)
        if wanted is None:
            return claims
        return [entry for entry in claims if normalized(entry.distribution) == normalized(wanted)] or claims


def _matches(rule: str, entry: PluginEntry) -> bool:
    return rule in {entry.name, f"{entry.kind}:{entry.name}"} or normalized(rule) == normalized(entry.distribution)


def _unblock(entry: PluginEntry, reason: str) -> str:
    if entry.name in RESERVED:
        return "Its author has to choose another name"
    if "allow-list" in reason:
        return f"Allow it: add {entry.kind}:{entry.name} to allow=[...] or TROUPLET_ALLOW. See: trouplet plugins list"
    return "Remove the rule from block=[...], TROUPLET_BLOCK or config.toml. See: trouplet plugins list"


def _not_found(index: PluginIndex, kind: str, name: str) -> PluginNotFound:
    from trouplet.spelling import did_you_mean

    known = index.names(kind)
    hints = [
        did_you_mean(name, known),
        _elsewhere(index, kind, name),
        f"Installed {kind}: {', '.join(known) or 'none'}.",
    ]
    why = ""
    if index.problems:
        why = f"{len(index.problems)} distribution(s) could not be read as they should"
    return PluginNotFound(
        f"no installed plugin has the name {f'{kind}:{name}' if kind else name!r}",
        plugin=name,
        kind=kind,
        why=why,
        fix=" ".join(hint for hint in [*hints, "See: trouplet plugins list"] if hint),
    )


def _elsewhere(index: PluginIndex, kind: str, name: str) -> str:
    kinds = [other for other in index.kinds(name) if other != kind]
    return f"{name!r} is installed as: {', '.join(f'{other}:{name}' for other in kinds)}." if kinds else ""


def _conflict(claims: Sequence[PluginEntry]) -> PluginConflict:
    first = claims[0]
    key = f"{first.kind}:{first.name}"
    return PluginConflict(
        f"{key} is claimed by {' and by '.join(entry.source for entry in claims)}",
        fix=f'Choose one: prefer={{"{key}": "{first.distribution}"}}, or the same under [prefer] in config.toml; '
        f"or uninstall one: pip uninstall {claims[-1].distribution}",
        **first.where(),
    )
