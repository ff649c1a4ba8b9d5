"""``python -m trouplet plugins list|new``: imports no plugin, and works whatever is installed."""

import json
import subprocess
import sys

import pytest

AUDITED = """
import runpy, sys
imported = []
sys.addaudithook(lambda event, arguments: imported.append(arguments[0]) if event == "import" else None)
sys.argv = ["trouplet", *{arguments!r}]
try:
    runpy.run_module("trouplet", run_name="__main__")
except SystemExit as end:
    status = end.code
print("\\nIMPORTED", status, *imported, file=sys.stderr)
"""

HOSTILE = {
    "raises": "raise RuntimeError('broken')",
    "exits": "import sys; sys.exit(1)",
    "hangs": "import time; time.sleep(60)",
    "prints": "print('hello from import')",
    "crashes": "import os; os.abort()",
}


@pytest.fixture
def crowd(site, good):
    """Return a site with good plugins, and with some that do every kind of harm when they are imported."""
    site.add_plugin("good", good)
    for name, head in HOSTILE.items():
        site.add_plugin(name, good, head=head)
    site.add("trouplet-unreadable", b"\xff\xfe[trouplet.models]\n", version="0.7")
    site.add("acme-good", {"models:good": "acme:P"})
    return site


def _audited(site, *arguments):
    done = site.run("-c", AUDITED.format(arguments=list(arguments)))
    *errors, last = done.stderr.rstrip().splitlines()
    _, status, *imported = last.split()
    return done.stdout, "\n".join(errors), status, imported


@pytest.mark.parametrize(
    "arguments", [["plugins", "list"], ["plugins", "list", "--json"], ["plugins", "--help"], ["-h"]]
)
def test_listing_imports_no_plugin_and_nothing_heavy(crowd, arguments):
    _, _, status, imported = _audited(crowd, *arguments)
    assert status == "0"
    assert [name for name in imported if name.startswith(("plugin_", "acme"))] == []
    assert {"pydantic", "httpx", "asyncio", "pluggy", "structlog", "dataclasses"}.isdisjoint(imported)


def test_the_list_shows_kind_name_distribution_version_and_status(crowd):
    done = crowd.run("-m", "trouplet", "plugins", "list", TROUPLET_BLOCK="hangs")
    assert done.returncode == 0
    lines = [line.split(maxsplit=4) for line in done.stdout.splitlines()]
    assert lines[0] == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATUS"]
    assert ["models", "raises", "trouplet-raises", "1.0", "installed"] in lines
    assert ["models", "hangs", "trouplet-hangs", "1.0", "blocked: the rule 'hangs' blocks it"] in lines
    conflicts = [line for line in lines if line[4].startswith("conflict")]
    assert {line[2] for line in conflicts} == {"trouplet-good", "acme-good"}
    assert all("acme-good 1.0" in line[4] and "trouplet-good 1.0" in line[4] for line in conflicts)
    assert "problem: trouplet_unreadable 0.7" in done.stderr
    assert "pip install --force-reinstall" in done.stderr


def test_the_list_as_json_has_the_problems_too(crowd):
    done = crowd.run("-m", "trouplet", "plugins", "list", "--json")
    data = json.loads(done.stdout)
    plugins = {(plugin["distribution"], plugin["status"]) for plugin in data["plugins"]}
    assert ("trouplet-raises", "installed") in plugins
    assert ("acme-good", "conflict") in plugins
    assert [problem["version"] for problem in data["problems"] if "unreadable" in problem["distribution"]] == ["0.7"]


def test_the_list_of_one_kind_leaves_out_the_others(site, good):
    site.add_plugin("one", good, kind="memory")
    site.add_plugin("two", good, kind="tracers")
    done = site.run("-m", "trouplet", "plugins", "list", "--kind", "memory")
    assert "one" in done.stdout
    assert "two" not in done.stdout


def test_a_configuration_file_that_cannot_be_read_does_not_stop_the_list(site, good):
    site.add_plugin("one", good)
    (site.folder / "config.toml").write_text("not toml")
    done = site.run("-m", "trouplet", "plugins", "list")
    assert done.returncode == 0
    assert "one" in done.stdout
    assert "config.toml" in done.stderr


def test_a_reader_that_stops_reading_gets_no_traceback(site, good):
    for number in range(200):
        site.add(f"trouplet-many-{number}", {f"models:{'x' * 300}{number}": "x:P"})
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'trouplet', 'plugins', 'list'],"
    code += "stdout=subprocess.PIPE, stderr=subprocess.PIPE); p.stdout.read(1); p.stdout.close();"
    code += "sys.stderr.buffer.write(p.stderr.read()); p.stderr.close(); sys.exit(p.wait())"
    done = site.run("-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_that_the_terminal_cannot_show_are_replaced(site):
    site.add("trouplet-one", {"models:名字": "x:P"})
    done = site.run(
        "-c",
        "import sys; sys.argv[1:] = ['plugins', 'list']; sys.stdout.reconfigure(encoding='ascii');"
        "from trouplet.__main__ import main; sys.exit(main())",
    )
    assert done.returncode == 0, done.stderr
    assert "??" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["plugins"], ["plugins", "lst"], ["plugins", "list", "--nonsense"]])
def test_wrong_usage_exits_with_2(site, arguments):
    done = site.run("-m", "trouplet", *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_other_commands_point_at_the_command_line_plugin(site):
    done = site.run("-m", "trouplet", "chat", "test:")
    assert done.returncode == 2
    assert "pip install trouplet-cli" in done.stderr
    assert "trouplet chat test:" in done.stderr


def test_a_new_plugin_is_written_and_the_next_commands_are_shown(site, tmp_path):
    done = site.run("-m", "trouplet", "plugins", "new", "weather", "--directory", str(tmp_path))
    assert done.returncode == 0
    assert (tmp_path / "trouplet-weather" / "pyproject.toml").is_file()
    assert "pip install -e" in done.stdout
    again = site.run("-m", "trouplet", "plugins", "new", "weather", "--directory", str(tmp_path))
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_the_command_runs_where_nothing_but_the_kernel_is_on_the_path():
    done = subprocess.run(
        [sys.executable, "-I", "-m", "trouplet", "plugins", "list"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0
