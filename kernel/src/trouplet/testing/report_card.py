"""The report card of contract suites: what pytest prints at its end, and writes as JSON with ``--contract-report``.

A check that runs with several parameters counts once: failed if one of them failed, passed if one of them passed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    Outcome: TypeAlias = Literal["failed", "passed", "exempt", "not applicable"]

_SUITES = "trouplet.testing.contracts."
_KEY = "trouplet_contract"
_ORDER: tuple[Outcome, ...] = ("failed", "passed", "exempt", "not applicable")


@dataclass(slots=True)
class Card:
    """The checks of one class, each with its outcome and, if it was left out, the reason."""

    suite: str
    checks: dict[str, tuple[Outcome, str]] = field(default_factory=dict)

    def add(self, check: str, outcome: Outcome, reason: str) -> None:
        """Take the outcome of a check with one of its parameters."""
        known = self.checks.get(check)
        if known is None or _ORDER.index(outcome) < _ORDER.index(known[0]):
            self.checks[check] = (outcome, reason)

    def having(self, outcome: Outcome) -> dict[str, str]:
        """Return the checks with an outcome, and why."""
        return {check: reason for check, (had, reason) in self.checks.items() if had == outcome}

    def line(self, name: str) -> str:
        """Return the card as a line."""
        passed, failed = len(self.having("passed")), len(self.having("failed"))
        parts = [f"{name}  {passed}/{passed + failed}"]
        for outcome in _ORDER[2:]:
            left_out = self.having(outcome)
            if left_out:
                parts.append(f"{len(left_out)} {outcome} ({'; '.join(dict.fromkeys(left_out.values()))})")
        return "  ".join(parts)


class ReportCards:
    """The part of the pytest plugin that keeps the cards; with pytest-xdist, in the controlling process."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._cards: dict[str, Card] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note in the report of a check whose it is. Reports travel between processes, items do not."""
        report = yield
        kind = item.cls if isinstance(item, pytest.Function) else None
        suite = next((base for base in kind.__mro__ if base.__module__.startswith(_SUITES)), None) if kind else None
        if kind is not None and suite is not None and isinstance(item, pytest.Function):
            report.__dict__[_KEY] = (kind.__name__, suite.__name__, item.originalname)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a check."""
        whose = report.__dict__.get(_KEY)
        if whose is None or (report.when != "call" and report.passed):
            return
        name, suite, check = whose
        outcome, reason = _outcome(report)
        self._cards.setdefault(name, Card(suite)).add(check, outcome, reason)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the cards, and write the file."""
        if self._cards:
            terminalreporter.section("contracts")
            for name, card in sorted(self._cards.items()):
                terminalreporter.line(card.line(name.removeprefix("Test")), red=bool(card.having("failed")))
        if self._file is not None:
            Path(self._file).write_text(json.dumps(self.as_dict(), indent=2), encoding="utf-8")

    def as_dict(self) -> dict[str, object]:
        """Return the cards as JSON-able data."""
        return {
            name: {
                "suite": card.suite,
                "passed": sorted(card.having("passed")),
                "failed": sorted(card.having("failed")),
                "exempt": card.having("exempt"),
                "not_applicable": card.having("not applicable"),
            }
            for name, card in sorted(self._cards.items())
        }


def _outcome(report: pytest.TestReport) -> tuple[Outcome, str]:
    if not report.skipped:
        return ("passed" if report.passed else "failed"), ""
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason.startswith("exempt: "):
        return "exempt", reason.removeprefix("exempt: ")
    return "not applicable", reason.removeprefix("not applicable: ")
