"""Tells whether a history would be accepted by the strict providers.

A history is checked as it would be sent now and, as a conversation goes on, once more with a new user message at its
end. A history that ends with an assistant message is checked only in that second form: nobody sends the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidHistory
from trouplet.messages import Msg
from trouplet.testing.provider_rules import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.testing.provider_rules import Violation


class HistoryRejected(InvalidHistory, AssertionError):
    """At least one provider would refuse the history; ``violations`` says which, and why."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        lines = "".join([f"\n  {violation}" for violation in self.violations])
        super().__init__(f"the history breaks {len(self.violations)} rules of providers:{lines}")


def find_violations(messages: Iterable[Msg], *, providers: Iterable[str] = PROVIDERS) -> list[Violation]:
    """Return every rule that the history breaks, per provider."""
    history = list(messages)
    asked_next = [*history, Msg("user", "And now?")]
    forms = [asked_next] if not history or history[-1].role == "assistant" else [history, asked_next]
    checks = [(name, check) for name in providers for check in PROVIDERS[name]]
    found = [violation for name, check in checks for form in forms for violation in check(name, form)]
    return list(dict.fromkeys(found))


def validate_history(messages: Iterable[Msg], *, providers: Iterable[str] = PROVIDERS) -> None:
    """Raise ``HistoryRejected`` with every violation, unless all providers would accept the history."""
    found = find_violations(messages, providers=providers)
    if found:
        raise HistoryRejected(found)
