"""The report card of contract suites, and the checks that may not go missing."""

import json

import pytest

pytest_plugins = ["pytester"]

SUITE = """
    from trouplet.memory import InMemoryMemory
    from trouplet.testing.contracts import MemoryContract

    class TestInMemoryMemory(MemoryContract):
        async def make(self):
            return InMemoryMemory()
"""


@pytest.fixture
def outcome(pytester):
    """Runs a contract class with more in it, and returns pytest's result."""

    def run(more="", *options):
        pytester.makepyfile(SUITE + more)
        pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n")
        return pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-W", "error", *options)

    return run


def test_a_card_counts_each_check_once(outcome):
    result = outcome()
    line = next(line for line in result.outlines if line.startswith("InMemoryMemory  "))
    passed, _, total = line.split()[1].partition("/")
    assert passed == total
    assert int(total) < result.parseoutcomes()["passed"]
    result.stdout.fnmatch_lines(["*contracts*"])


def test_a_failed_check_is_counted_and_written_with_the_others(outcome, tmp_path):
    file = tmp_path / "cards.json"
    broken = """
    class TestForgetful(MemoryContract):
        async def make(self):
            return Forgetful()

    class Forgetful(InMemoryMemory):
        async def clear(self):
            pass
    """
    outcome(broken, f"--contract-report={file}").stdout.fnmatch_lines(["Forgetful  *", "InMemoryMemory  *"])
    card = json.loads(file.read_text())["TestForgetful"]
    assert card["suite"] == "MemoryContract"
    assert len(card["failed"]) == 1
    assert "test_marks_choose_messages" in card["passed"]


def test_an_exempt_check_stands_in_the_card_with_its_reason(outcome):
    exempt = """
        exempt = {"test_marks_choose_messages": "it has no marks"}
    """
    result = outcome(exempt)
    result.stdout.fnmatch_lines(["InMemoryMemory  *1 exempt (it has no marks)"])
    assert "failed" not in result.parseoutcomes()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("    test_marks_choose_messages = None", "*replaces or removes*test_marks_choose_messages*say why*"),
        ("    def test_marks_choose_messages(self): pass", "*replaces or removes*test_marks_choose_messages*"),
        ("    exempt = {'test_marks_choose_messages': ''}", "*gives no reason for*test_marks_choose_messages*"),
        ("    exempt = {'test_the_moon': 'It is far.'}", "*names checks that MemoryContract does not have*moon*"),
    ],
    ids=["removed", "overridden", "without a reason", "misspelt"],
)
def test_a_check_that_goes_missing_without_a_reason_fails(outcome, more, message):
    result = outcome(f"\n    {more}\n")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines([message])


def test_a_check_may_be_overridden_with_a_reason(outcome):
    own = """
        exempt = {"test_marks_choose_messages": "its marks are labels"}

        def test_marks_choose_messages(self):
            pass
    """
    result = outcome(own)
    assert "failed" not in result.parseoutcomes()


def test_without_contracts_nothing_is_printed(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    assert "contracts" not in result.stdout.str()
