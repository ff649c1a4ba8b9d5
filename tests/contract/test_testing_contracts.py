"""The contract suites: sound implementations pass, and every planted fault is caught by the test for it."""

import asyncio
import re
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import pytest

from trouplet.builtin import TestModelsPlugin
from trouplet.function_tool import FunctionTool
from trouplet.memory import InMemoryMemory
from trouplet.testing import PlainFormatter, contracts
from trouplet.testing.contracts import FormatterContract, MemoryContract, PluginContract, ToolContract

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "no:cacheprovider", "--import-mode=importlib")
PLANTED = sorted((Path(__file__).parent / "planted").glob("*.py"))


class TestPlainFormatter(FormatterContract):
    exempt: ClassVar = {"test_the_thinking_of_another_provider_is_not_sent": "it leaves nothing out"}

    def make(self):
        return PlainFormatter()


class TestInMemoryMemory(MemoryContract):
    async def make(self):
        return InMemoryMemory()


async def brew(kind: str, minutes: float = 3) -> str:
    """Brew tea.

    Args:
        kind: What tea.
        minutes: For how long.
    """
    await asyncio.sleep(minutes if kind == "slow" else 0)
    return f"{kind} tea"


class TestFunctionTool(ToolContract):
    valid: ClassVar = {"kind": "green"}
    invalid = ({}, {"kind": 3}, {"kind": "green", "minutes": "long"})
    slow: ClassVar = {"kind": "slow"}

    def make(self):
        return FunctionTool(brew)


class TestBuiltinPlugin(PluginContract):
    plugin_class = TestModelsPlugin


class OnlyWhatHasToFail:
    """Leaves of each fault the test that has to find it; what is sound runs all of them."""

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.cls.caught_by in (None, item.originalname)]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda path: path.stem)
def test_each_planted_fault_is_caught_by_its_test_and_what_is_sound_passes(planted, pytester):
    recorder = pytester.inline_run(*OPTIONS, str(planted), plugins=[OnlyWhatHasToFail()])
    faults = {call.item.cls for call in recorder.getcalls("pytest_itemcollected")}
    assert {fault.__name__ for fault in faults if fault.caught_by is None} == {"TestSound"}
    failed = {report.nodeid.split("::")[1] for report in recorder.listoutcomes()[2]}
    assert failed == {fault.__name__ for fault in faults} - {"TestSound"}


def test_each_fault_of_a_wrong_provider_fails_with_a_message_of_its_own(pytester):
    """Runs each fault through the check that has to find it."""
    file = Path(__file__).parent / "planted" / "http" / "wrong_acme.py"
    faults = re.findall(r'^class (Test\w+).*\n    caught_by = "(\w+)"\n    says = "+(.+?)"+$', file.read_text(), re.M)
    recorder = pytester.inline_run(
        *OPTIONS,
        *[f"{file}::{fault}::{check}" for fault, check, _ in faults],
    )
    messages = defaultdict(list)
    for report in recorder.listoutcomes()[2]:
        messages[report.nodeid.split("::")[1]].append(report.longrepr.reprcrash.message)
    silent = [fault for fault, _, says in faults if not any(says in message for message in messages[fault])]
    assert silent == []
    assert len({says for _, _, says in faults}) == len(faults) >= 10


def test_every_contract_is_exported_and_has_planted_faults():
    names = {name.removesuffix("Contract") for name in contracts.__all__ if name.endswith("Contract")}
    assert names == {
        "", "Embedding", "Formatter", "HTTPEmbedding", "HTTPModel", "Memory", "Model", "Plugin", "SessionStore",
        "TokenCounter", "Tool",
    }  # fmt: skip
    assert len(PLANTED) == len(names) - 2
