"""Errors: one line, a fix, the right exit code; never a traceback that nobody asked for."""

from __future__ import annotations

import json

import pytest

from trouplet.errors import ConfigError, MissingKey, PluginLoadError, RateLimited
from trouplet.providers import KNOWN_PROVIDERS
from trouplet_cli.failure import Failure, describe, exit_code


def test_a_misspelt_command_is_answered_with_the_nearest_one(trouplet):
    result = trouplet("chatt")
    assert result.exit_code == 2
    assert "There is no command 'chatt'. Did you mean 'chat'?" in result.stderr
    assert result.stdout == ""


def test_a_misspelt_command_of_a_group_is_a_usage_error_too(trouplet):
    assert trouplet("keys", "lst").exit_code == 2


def test_a_misspelt_option_is_answered_with_the_nearest_one(trouplet):
    result = trouplet("run", "--jsn", "test:", "hi")
    assert result.exit_code == 2
    assert "Did you mean '--json'?" in result.stderr


def test_a_missing_key_is_one_line_with_its_fix_and_exit_code_3(trouplet):
    result = trouplet("run", "openai:gpt-5-mini", "hi")
    assert result.exit_code == 3
    assert result.stderr.startswith("✗ TP-101 no API key for provider 'openai'.")
    assert "trouplet keys set openai" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("model", "code", "hint"),
    [
        ("gpt-5", "TP-104", "openai:gpt-5"),
        ("openai/gpt-5", "TP-104", "Did you mean 'openai:gpt-5'?"),
        ("openia:gpt-5", "TP-102", "Did you mean 'openai'?"),
        ("acme:m", "TP-103", "pip install trouplet-acme"),
    ],
)
def test_a_model_that_cannot_be_had_says_what_to_type(trouplet, monkeypatch, model, code, hint):
    monkeypatch.setitem(KNOWN_PROVIDERS, "acme", "trouplet-acme")
    result = trouplet("run", model, "hi")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"✗ {code} ")
    assert hint in result.stderr


def test_with_json_an_error_is_an_object_on_stdout(trouplet):
    result = trouplet("run", "openai:gpt-5-mini", "hi", "--json")
    assert result.exit_code == 3
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "TP-101"
    assert error["error"] == "MissingKey"
    assert "OPENAI_API_KEY" in error["fix"]
    assert result.stderr == ""


def test_with_json_a_usage_error_is_an_object_too(trouplet):
    result = trouplet("models", "--json", "--nope")
    assert result.exit_code == 2
    assert "--nope" in json.loads(result.stdout)["error"]["what"]


def test_traceback_shows_where_it_happened_and_keeps_the_exit_code(trouplet):
    result = trouplet("run", "openai:gpt-5-mini", "hi", "--traceback")
    assert result.exit_code == 3
    assert "Traceback" in result.stderr
    assert "MissingKey" in result.stderr


def test_traceback_after_two_dashes_is_an_argument(trouplet):
    result = trouplet("run", "--quiet", "test:", "--", "--traceback")
    assert result.stdout == "You said: --traceback\n"


def test_an_unknown_exception_is_short_and_says_how_to_see_more(trouplet, agent_file):
    result = trouplet("run", agent_file("raise RuntimeError('boom')"), "hi")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "✗ RuntimeError: boom"
    assert "--traceback" in result.stderr
    assert "Traceback" not in result.stderr


def test_escapes_in_an_error_do_not_reach_the_terminal(trouplet, agent_file):
    result = trouplet("run", agent_file("raise RuntimeError('\\x1b]0;owned\\x07')"), "hi")
    assert "\x1b" not in result.stderr
    assert "␛]0;owned␇" in result.stderr


def test_exit_codes_tell_the_kind_of_an_error():
    assert exit_code(ConfigError("x")) == 3
    assert exit_code(PluginLoadError("x")) == 3
    assert exit_code(RateLimited("x")) == 1
    assert exit_code(ValueError("x")) == 1


def test_what_why_and_fix_are_sentences_of_one_line():
    error = RateLimited("the provider asks to slow down", why="HTTP 429.", fix="Wait 3 s")
    assert describe(error) == "✗ TP-603 the provider asks to slow down. HTTP 429. Fix: Wait 3 s"
    assert describe(ConfigError("x", fix="Did you mean 'y'?")) == "✗ TP-100 x. Did you mean 'y'?"


def test_every_error_of_a_group_is_shown(capsys):
    group = ExceptionGroup("two things failed", [MissingKey("a", variable="A"), ValueError("b")])
    assert Failure().report(group) == 1
    shown = capsys.readouterr().err
    assert "two things failed" in shown
    assert "TP-101" in shown
    assert "ValueError: b" in shown
