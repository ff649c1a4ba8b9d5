"""``trouplet keys``: a file for the user alone, and keys that are never shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from trouplet.config import Settings
from trouplet_cli.key_file import KeyFile, masked

KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def key_path(home: Path) -> Path:
    return home / "config" / "keys.json"


def test_a_key_that_was_piped_in_is_found_by_the_kernel_and_only_its_owner_may_read_it(trouplet, home, key_path):
    result = trouplet("keys", "set", "openai", input=f"{KEY}\n")
    assert result.exit_code == 0
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_path.parent.stat().st_mode) == 0o700
    assert Settings({"TROUPLET_CONFIG_DIR": str(home / "config")}).key("openai") == KEY


def test_a_key_is_typed_unseen(terminal, key_path):
    screen = terminal("keys", "set", "openai")
    screen.expect("API key for openai: ")
    screen.send(f"{KEY}\n")
    screen.expect("Stored the key of openai")
    assert screen.wait() == 0
    assert KEY.encode() not in screen.raw
    assert json.loads(key_path.read_text()) == {"openai": KEY}


def test_ctrl_c_at_the_question_stores_nothing(terminal, key_path):
    screen = terminal("keys", "set", "openai")
    screen.expect("API key for openai: ")
    screen.send("\x03")
    assert screen.wait() == 130
    assert not key_path.exists()


def test_listing_shows_the_end_of_a_key_at_most(trouplet):
    trouplet("keys", "set", "openai", input=KEY)
    trouplet("keys", "set", "short", input="secret-12")
    shown = trouplet("keys", "list").stdout + trouplet("keys", "list", "--json").stdout
    assert "ghij" in shown
    assert KEY[:8] not in shown
    assert "secret" not in shown
    assert "t-12" not in shown


def test_other_keys_stay_when_one_is_set_or_forgotten(trouplet, key_path):
    trouplet("keys", "set", "a", input="key-a")
    trouplet("keys", "set", "b", input="key-b")
    assert trouplet("keys", "rm", "a").exit_code == 0
    assert json.loads(key_path.read_text()) == {"b": "key-b"}


def test_forgetting_a_key_that_is_not_there_suggests_one_that_is(trouplet):
    trouplet("keys", "set", "openai", input=KEY)
    result = trouplet("keys", "rm", "opnai")
    assert result.exit_code == 3
    assert "Did you mean 'openai'?" in result.stderr


@pytest.mark.parametrize("key", ["", "\n", "sk-\x1b[2J", "schlüssel"])
def test_what_cannot_be_a_key_is_refused(trouplet, key_path, key):
    assert trouplet("keys", "set", "openai", input=key).exit_code == 2
    assert not key_path.exists()


@pytest.mark.parametrize("arguments", [["set", "openai"], ["list"], ["rm", "openai"]])
def test_a_link_in_the_place_of_the_file_is_not_followed(trouplet, key_path, tmp_path, arguments):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text('{"openai": "theirs"}')
    key_path.parent.mkdir()
    key_path.symlink_to(elsewhere)
    result = trouplet("keys", *arguments, input=KEY)
    assert result.exit_code == 3
    assert "is a symbolic link" in result.stderr
    assert elsewhere.read_text() == '{"openai": "theirs"}'


def test_a_damaged_file_is_not_overwritten(trouplet, key_path):
    key_path.parent.mkdir()
    key_path.write_text("{")
    assert trouplet("keys", "set", "openai", input=KEY).exit_code == 3
    assert key_path.read_text() == "{"


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(key_path, home, monkeypatch):
    file = KeyFile({"TROUPLET_CONFIG_DIR": str(home / "config")})
    file.set("a", "1")

    def broken(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="no space"):
        file.set("b", "2")
    assert json.loads(key_path.read_text()) == {"a": "1"}
    assert [path.name for path in key_path.parent.iterdir()] == ["keys.json"]


def test_a_file_that_others_may_read_is_pointed_out(trouplet, key_path):
    trouplet("keys", "set", "openai", input=KEY)
    key_path.chmod(0o644)
    assert f"chmod 600 {key_path}" in trouplet("keys", "list").stderr


def test_the_path_is_printed(trouplet, key_path):
    assert trouplet("keys", "path").stdout == f"{key_path}\n"


def test_without_keys_the_list_says_how_to_store_one(trouplet):
    assert "trouplet keys set" in trouplet("keys", "list").stderr


def test_masking_keeps_short_keys_whole_secret():
    assert masked("a" * 15) == "…"
    assert masked(KEY) == "…ghij"
