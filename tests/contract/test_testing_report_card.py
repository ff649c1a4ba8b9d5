"""The report card of contract suites, and the checks that may not go missing."""

import json

import pytest

pytest_plugins = ["pytester"]

SUITE = """
    from trouplet.testing import PlainFormatter
    from trouplet.testing.contracts import FormatterContract

    class TestPlainFormatter(FormatterContract):
        def make(self):
            return PlainFormatter()
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
    line = next(line for line in result.outlines if line.startswith("PlainFormatter  "))
    passed, _, total = line.split()[1].partition("/")
    assert passed == total
    assert int(total) < result.parseoutcomes()["passed"]
    result.stdout.fnmatch_lines(["*contracts*"])


def test_a_failed_check_is_counted_and_written_with_the_others(outcome, tmp_path):
    file = tmp_path / "cards.json"
    broken = """
    class TestNothing(FormatterContract):
        def make(self):
            return Nothing()

    class Nothing:
        async def format(self, messages):
            return []
    """
    outcome(broken, f"--contract-report={file}").stdout.fnmatch_lines(["Nothing  ?/*", "PlainFormatter  *"])
    card = json.loads(file.read_text())["TestNothing"]
    assert card["suite"] == "FormatterContract"
    assert "test_the_system_prompt_is_sent" in card["failed"]
    assert "test_the_messages_are_not_changed" in card["passed"]


def test_an_exempt_check_stands_in_the_card_with_its_reason(outcome):
    exempt = """
        exempt = {"test_the_system_prompt_is_sent": "the protocol has no system prompt"}
    """
    result = outcome(exempt)
    result.stdout.fnmatch_lines(["PlainFormatter  *1 exempt (the protocol has no system prompt)"])
    assert "failed" not in result.parseoutcomes()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("    test_the_system_prompt_is_sent = None", "*replaces or removes*test_the_system_prompt_is_sent*say why*"),
        ("    def test_the_system_prompt_is_sent(self): pass", "*replaces or removes*test_the_system_prompt_is_sent*"),
        ("    exempt = {'test_the_system_prompt_is_sent': ''}", "*gives no reason for*test_the_system_prompt_is_sent*"),
        ("    exempt = {'test_the_moon': 'It is far.'}", "*names checks that FormatterContract does not have*moon*"),
    ],
    ids=["removed", "overridden", "without a reason", "misspelt"],
)
def test_a_check_that_goes_missing_without_a_reason_fails(outcome, more, message):
    result = outcome(f"\n    {more}\n")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines([message])


def test_a_check_may_be_overridden_with_a_reason(outcome):
    own = """
        exempt = {"test_the_system_prompt_is_sent": "it goes into a field of the request"}

        def test_the_system_prompt_is_sent(self):
            pass
    """
    result = outcome(own)
    assert "failed" not in result.parseoutcomes()


def test_without_contracts_nothing_is_printed(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    assert "contracts" not in result.stdout.str()
