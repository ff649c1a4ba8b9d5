"""Fixtures for tests of agents and plugins, and report cards, known to pytest wherever Trouplet is installed.

The fixtures cost a test suite that does not use them nothing: whatever one needs is imported when it is asked for.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Protocol

    from trouplet.kernel import Kernel
    from trouplet.testing.canary import Canaries
    from trouplet.testing.scripted import Answer, Reaction, ScriptedModel, Step

    class ScriptedModels(Protocol):
        """What the fixture ``scripted_model`` is: call it with the steps of a script."""

        def __call__(
            self, *steps: Answer | Reaction | Step, name: str = ..., chunk_size: int | None = ...
        ) -> ScriptedModel: ...


pytest.register_assert_rewrite("trouplet.testing.contracts")


@pytest.fixture
def scripted_model() -> Iterator[ScriptedModels]:
    """Make scripted models: ``scripted_model("Hello!", call("add", a=1, b=2))``.

    At the end of the test each of them must have been asked for all of its steps.
    """
    from trouplet.testing.scripted import ScriptedModel

    made: list[ScriptedModel] = []

    def make(*steps: Answer | Reaction | Step, name: str = "scripted", chunk_size: int | None = None) -> ScriptedModel:
        made.append(ScriptedModel(steps, name=name, chunk_size=chunk_size))
        return made[-1]

    yield make
    for model in made:
        model.assert_done()


@pytest.fixture
def canaries() -> Canaries:
    """Return fresh secrets of known shapes, and the search for them."""
    from trouplet.testing.canary import Canaries

    return Canaries()


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """Return a kernel with an empty environment and with folders of its own; the test enters it if it wants to."""
    from trouplet.kernel import Kernel

    return Kernel(environ={}, data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--contract-report``."""
    parser.getgroup("trouplet").addoption(
        "--contract-report", metavar="FILE", help="write the report cards of contract suites to FILE, as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the report cards, and the asynchronous fixtures where pytest-asyncio is there to run them."""
    from trouplet.testing.report_card import ReportCards

    config.addinivalue_line("markers", "battery: slow, of no use in every run of the tests")
    config.pluginmanager.register(ReportCards(config.getoption("--contract-report")), "trouplet-report-cards")
    if config.pluginmanager.hasplugin("asyncio"):
        from trouplet.testing import async_fixtures

        config.pluginmanager.register(async_fixtures, "trouplet-async-fixtures")
