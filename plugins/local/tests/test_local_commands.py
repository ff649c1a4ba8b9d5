"""``python -m trouplet_local``, and how progress looks."""

import io
import re

import pytest

from trouplet_local import __main__ as command
from trouplet_local.progress import BarProgress, LineProgress, progress_on


@pytest.fixture
def run(empty_shop, tmp_path, monkeypatch, capsys):
    shop = empty_shop
    shop.deliver(tmp_path / "cache" / "local")
    monkeypatch.setattr(command, "CATALOGUE", (shop.model,))
    monkeypatch.setattr(command, "named_model", lambda name: shop.model if name == "tiny" else None)

    def run(*arguments):
        code = command.main(["--cache", str(tmp_path / "cache"), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_fetch_prints_the_path_and_path_finds_it_again(run):
    code, path, progress = run("fetch", "local:tiny")
    assert code == 0
    assert "Downloading tiny: 100 %" in progress
    assert run("path", "tiny") == (0, path, "")


def test_the_path_of_what_is_not_here_is_an_error_with_the_command(run):
    code, out, said = run("path", "tiny")
    assert (code, out) == (1, "")
    assert "python -m trouplet_local fetch tiny" in said


def test_list_says_what_is_here(run):
    assert "to download" in run("list")[1]
    run("fetch", "tiny")
    assert re.search(r"local:tiny +here +MIT", run("list")[1])


def test_remove_removes(run):
    run("fetch", "tiny")
    assert "is removed" in run("remove", "tiny")[2]
    assert "was not here" in run("remove", "tiny")[2]


def test_an_unknown_model_is_a_configuration_error(run):
    code, out, said = run("fetch", "tinny")
    assert (code, out) == (3, "")
    assert said.startswith("TP-105 there is no model 'tinny'")


def test_ctrl_c_says_that_nothing_is_lost(run, monkeypatch):
    def interrupted(weights, model):
        raise KeyboardInterrupt

    monkeypatch.setattr("trouplet_local.weights.Weights.fetch", interrupted)
    code, _, said = run("fetch", "tiny")
    assert code == 130
    assert "goes on from here" in said


def test_lines_come_with_every_tenth_and_never_twice():
    out = io.StringIO()
    progress = LineProgress(out)
    for done in range(0, 101, 5):
        progress.update("Downloading x", done * 1_000_000, 100_000_000)
    assert len(out.getvalue().splitlines()) == 11


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_bar_per_task():
    out = Terminal()
    progress = progress_on(out)
    assert isinstance(progress, BarProgress)
    progress.update("Downloading x", 50_000_000, 100_000_000)
    progress.update("Downloading x", 100_000_000, 100_000_000)
    progress.update("Assembling  x", 100_000_000, 100_000_000)
    progress.say("Done")
    assert out.getvalue().count("\n") == 3
    assert "100 MB of 100 MB" in out.getvalue()
