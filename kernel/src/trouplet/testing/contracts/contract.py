"""What all contract suites share: no check of a suite goes missing without a stated reason."""

from __future__ import annotations

from inspect import getattr_static
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE = __package__ or ""


class Contract:
    """The base of every suite.

    ``exempt`` names the checks that do not hold for an implementation, each with the reason why: they are skipped, may
    be overridden, and stand in the report card.
    """

    exempt: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def leave_out_what_is_exempt(self, request: pytest.FixtureRequest) -> None:
        """Skip a check that the implementation is exempt from."""
        name = request.function.__name__
        if name in self.exempt and getattr_static(type(self), name) is getattr_static(suite_of(type(self)), name):
            pytest.skip(f"exempt: {self.exempt[name]}")

    def test_no_check_is_left_out_without_a_reason(self) -> None:
        suite, mine = suite_of(type(self)), type(self)
        unknown = sorted(set(self.exempt) - set(checks_of(suite)))
        assert not unknown, f"{mine.__name__}.exempt names checks that {suite.__name__} does not have: {unknown}"
        silent = sorted([name for name, reason in self.exempt.items() if not reason.strip()])
        assert not silent, f"{mine.__name__}.exempt gives no reason for {silent}"
        changed = [name for name in checks_of(suite) if getattr_static(mine, name) is not getattr_static(suite, name)]
        missing = sorted(set(changed) - set(self.exempt))
        assert not missing, (
            f"{mine.__name__} replaces or removes {missing} of {suite.__name__}; "
            f"say why: exempt = {{{missing[0]!r}: 'the reason'}}"
        )


def suite_of(kind: type) -> type[Contract]:
    """Return the suite that a class implements: the nearest of its bases that is one of this package."""
    return next(base for base in kind.__mro__ if base.__module__.startswith(_PACKAGE))


def checks_of(suite: type) -> list[str]:
    """Return the names of a suite's checks."""
    return [name for name in dir(suite) if name.startswith("test_")]
