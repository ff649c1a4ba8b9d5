"""The list of commands, what plugins add to it, and what each command costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trouplet import __version__

LOADED = """
import sys
sys.argv = ["trouplet", *sys.argv[1:]]
from trouplet_cli.app import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def modules_of(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def below(modules: set[str], *packages: str) -> set[str]:
    return {name for name in modules if name.partition(".")[0] in packages}


def test_version_imports_nothing_heavy_and_nothing_of_the_kernel():
    loaded = modules_of("version")
    assert not below(loaded, "rich", "prompt_toolkit", "pydantic", "httpx", "asyncio", "tomlkit", "pluggy", "structlog")
    assert not below(loaded, "importlib_metadata")
    assert {name for name in loaded if name.startswith("trouplet.")} == set()


def test_listing_plugins_imports_no_plugin_and_no_kernel():
    loaded = modules_of("plugins", "list")
    assert not below(loaded, "trouplet_openai", "trouplet_tools", "trouplet_local", "pydantic", "httpx", "asyncio")
    assert "trouplet.kernel" not in loaded


def test_a_run_that_prints_to_a_pipe_imports_no_terminal_library():
    loaded = modules_of("run", "test:", "hi")
    assert not below(loaded, "rich", "prompt_toolkit", "pydantic", "httpx", "tomlkit")


def test_help_lists_the_commands_of_this_part_and_no_others(trouplet):
    shown = trouplet("--help").stdout
    for name in ("chat", "run", "plugins", "models", "keys", "config", "version", "completion"):
        assert f"  {name} " in shown
    for name in ("eval", "studio", "sessions", "trace", "docs"):
        assert f"  {name} " not in shown


@pytest.mark.parametrize(
    "command", ["chat", "run", "plugins", "models", "keys", "config", "version", "completion", "plugins doctor"]
)
def test_every_command_has_help(trouplet, command):
    result = trouplet(*command.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: trouplet {command}")


def test_version_is_one_line(trouplet):
    assert trouplet("version").stdout == f"trouplet {__version__}\n"
    assert json.loads(trouplet("version", "--json").stdout) == {"trouplet": __version__}


def test_a_bug_report_names_variables_and_not_what_is_in_them(trouplet, monkeypatch):
    monkeypatch.setenv("TROUPLET_SECRET", "canary")
    shown = trouplet("version", "--bug-report").stdout
    assert "TROUPLET_SECRET" in shown
    assert "canary" not in shown
    assert "python: " in shown
    assert "click " in shown


def test_models_are_listed_by_provider(trouplet):
    assert "test:echo" in trouplet("models").stdout
    listed = json.loads(trouplet("models", "--provider", "test", "--json").stdout)
    assert {model["provider"] for model in listed} == {"test"}
    result = trouplet("models", "--provider", "tset")
    assert result.exit_code == 3
    assert "Did you mean 'test'?" in result.stderr


def test_a_new_plugin_is_written(trouplet, tmp_path):
    result = trouplet("plugins", "new", "weather", "--directory", str(tmp_path))
    assert result.exit_code == 0
    assert (tmp_path / "trouplet-weather" / "pyproject.toml").is_file()


def test_a_table_fits_the_terminal(terminal):
    screen = terminal("models")
    screen.expect("test:echo")
    assert screen.wait() == 0
    lines = screen.raw.decode().replace("\r", "").split("\n")
    assert max(len(line) for line in lines if "\x1b" not in line) <= 80


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(trouplet, shell):
    result = trouplet("completion", shell)
    assert result.exit_code == 0
    assert "_TROUPLET_COMPLETE" in result.stdout


def test_a_word_is_completed(process):
    done = process(_TROUPLET_COMPLETE="zsh_complete", COMP_WORDS="trouplet ver", COMP_CWORD="1")
    assert "version" in done.stdout
    assert "chat" not in done.stdout


# --- commands that plugins add

GREETING = """
import click

@click.command()
@click.option("--json", is_flag=True)
def command(json):
    "Greet the user."
    click.echo("Hello from a plugin!")
"""


@pytest.fixture
def site(distributions):
    distributions.add("greeter", GREETING, command="greet")
    distributions.add("broken", "raise ImportError('no module named sdk')", command="broken")
    distributions.add("wrong", "command = 3", command="wrong")
    return {"PYTHONPATH": str(distributions.folder)}


def test_a_plugin_adds_a_command(process, site):
    done = process("greet", **site)
    assert (done.returncode, done.stdout) == (0, "Hello from a plugin!\n")


def test_help_lists_added_commands_and_says_which_are_broken(process, site):
    done = process("--help", **site)
    assert done.returncode == 0
    assert "Greet the user." in done.stdout
    assert done.stdout.count("(not usable") == 2


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [("broken", "TP-201", "ImportError: no module named sdk"), ("wrong", "TP-204", "not a click.Command")],
)
def test_a_broken_command_costs_only_itself(process, site, name, code, reason):
    done = process(name, **site)
    assert done.returncode == 3
    assert code in done.stderr
    assert reason in done.stderr
    assert name in done.stderr
    assert process("greet", **site).returncode == 0
    assert process("version", **site).returncode == 0


def test_a_misspelt_added_command_is_suggested(process, site):
    assert "Did you mean 'greet'?" in process("gret", **site).stderr


def test_a_blocked_command_is_not_imported(process, site):
    done = process("broken", TROUPLET_BLOCK="broken", **site)
    assert done.returncode == 3
    assert "TP-205" in done.stderr


def test_two_plugins_that_add_one_command_are_a_conflict(process, site, distributions):
    distributions.add("other-greeter", GREETING, command="greet")
    done = process("greet", **site)
    assert done.returncode == 3
    assert "TP-203" in done.stderr


def test_a_plugin_cannot_take_a_command_of_our_own(process, distributions):
    distributions.add("thief", GREETING, command="version")
    done = process("version", PYTHONPATH=str(distributions.folder))
    assert done.stdout == f"trouplet {__version__}\n"


def test_completion_passes_over_a_broken_command(process, site):
    done = process(_TROUPLET_COMPLETE="zsh_complete", COMP_WORDS="trouplet ", COMP_CWORD="1", **site)
    assert "greet" in done.stdout
    assert "Traceback" not in done.stderr
