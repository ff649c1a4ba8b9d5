"""``trouplet config`` and ``plugins enable|disable``: the file changes where it was told to, and nowhere else."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

FILE = """# what I like
model = "test:echo"  # offline

[config.openai]
base_url = "http://localhost:1"  # mine
api_key = "sk-secret"
"""


@pytest.fixture
def config_path(home: Path) -> Path:
    path = home / "config" / "config.toml"
    path.parent.mkdir()
    return path


def test_setting_a_value_keeps_comments_and_order(trouplet, config_path):
    config_path.write_text(FILE)
    assert trouplet("config", "set", "config.openai.timeout", "30").exit_code == 0
    assert config_path.read_text() == FILE + "timeout = 30\n"


def test_values_are_toml_or_else_text(trouplet, config_path):
    for key, value in [("a", "true"), ("b", '["x", "y"]'), ("c.d", "openai:gpt-5-mini"), ("e", '"3"')]:
        assert trouplet("config", "set", key, value).exit_code == 0
    parsed = tomllib.loads(config_path.read_text())
    assert parsed == {"a": True, "b": ["x", "y"], "c": {"d": "openai:gpt-5-mini"}, "e": "3"}


def test_a_value_is_not_turned_into_a_table(trouplet, config_path):
    config_path.write_text("model = 'x'\n")
    result = trouplet("config", "set", "model.name", "y")
    assert result.exit_code == 3
    assert "is a value, not a table" in result.stderr
    assert config_path.read_text() == "model = 'x'\n"


@pytest.mark.parametrize("key", ["", ".a", "a..b", "a b", "a]b"])
def test_a_key_that_is_not_dotted_is_refused(trouplet, config_path, key):
    assert trouplet("config", "set", key, "1").exit_code == 2
    assert not config_path.exists()


def test_show_prints_settings_with_dotted_names_and_hides_secrets(trouplet, config_path, monkeypatch):
    config_path.write_text(FILE)
    monkeypatch.setenv("TROUPLET_BLOCK", "local")
    shown = trouplet("config", "show").stdout
    assert "model = 'test:echo'" in shown
    assert "config.openai.base_url = 'http://localhost:1'" in shown
    assert "TROUPLET_BLOCK = 'local'" in shown
    assert "sk-secret" not in shown
    assert json.loads(trouplet("config", "show", "--json").stdout)["config.openai.api_key"] == "(hidden)"


def test_a_link_in_the_place_of_the_file_is_followed(trouplet, config_path, tmp_path):
    dotfile = tmp_path / "dotfiles.toml"
    dotfile.write_text(FILE)
    config_path.symlink_to(dotfile)
    assert trouplet("config", "set", "model", "test:").exit_code == 0
    assert config_path.is_symlink()
    assert 'model = "test:"' in dotfile.read_text()


def test_a_file_that_cannot_be_read_is_left_alone_and_named(trouplet, config_path):
    config_path.write_text("model = ")
    for arguments in (["config", "set", "a", "1"], ["config", "show"], ["run", "hi"]):
        result = trouplet(*arguments, input="hi")
        assert result.exit_code == 3
        assert str(config_path) in result.stderr
    assert config_path.read_text() == "model = "


def test_the_path_is_printed(trouplet, config_path):
    assert trouplet("config", "path").stdout == f"{config_path}\n"


# --- plugins


def test_disable_blocks_a_plugin_and_enable_takes_that_back(process, distributions, config_path):
    distributions.add("some-tool", "", command="some")
    path = {"PYTHONPATH": str(distributions.folder)}
    config_path.write_text("# mine\n[prefer]\nx = 'y'\n")
    assert process("plugins", "disable", "some", **path).returncode == 0
    assert tomllib.loads(config_path.read_text()) == {"block": ["some"], "prefer": {"x": "y"}}
    assert "blocked: the rule 'some' blocks it" in process("plugins", "list", **path).stdout
    assert process("plugins", "disable", "some", **path).returncode == 0
    assert process("plugins", "enable", "some", **path).returncode == 0
    assert tomllib.loads(config_path.read_text()) == {"prefer": {"x": "y"}}
    assert config_path.read_text().startswith("# mine\n")


def test_a_plugin_that_is_not_installed_is_neither_enabled_nor_disabled(trouplet, config_path):
    for command in ("enable", "disable", "info"):
        result = trouplet("plugins", command, "no-such-plugin")
        assert result.exit_code == 3
        assert "TP-202" in result.stderr
    assert not config_path.exists()
