"""The budgets of the import table: which modules a step may load, and what it may cost in instructions.

Each step runs in a fresh interpreter that tells which modules the step has added.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
SDKS = {"anthropic", "cohere", "dashscope", "google", "groq", "litellm", "mcp", "mistralai", "ollama", "openai"}


@pytest.fixture(scope="module")
def base_url():
    """The address of a server that answers as an OpenAI-compatible one does."""
    command = [sys.executable, str(BENCH / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/hello/v1"
        server.stdin.close()


PROBE = """
import sys
bare = set(sys.modules)
try:
    {step}
except SystemExit as end:
    assert not end.code, end.code
print(*sorted(set(sys.modules) - bare), file=sys.stderr)
"""


def loaded_by(step, base_url=""):
    """Return the names of the modules that a step adds to those of a bare interpreter."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": base_url,
    }
    command = [sys.executable, "-c", PROBE.format(step=step)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def program(name):
    """Return the step that runs one of the benchmark's programs."""
    return f"exec(open({str(BENCH / 'steps' / name)!r}).read())"


def roots(modules):
    """The top-level packages of these modules that are not the standard library's."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


def plugins_in(modules):
    return {root for root in roots(modules) if root.startswith("trouplet_")}


def test_importing_trouplet_loads_nothing_else():
    assert loaded_by("import trouplet") == {"trouplet"}


def test_a_thin_plugin_module_needs_nothing_but_the_hooks():
    assert loaded_by("from trouplet.hooks import hookimpl") - {"__future__"} == {"trouplet", "trouplet.hooks"}


def test_listing_the_plugins_loads_no_plugin_and_nothing_heavy():
    run_main = "import runpy; runpy.run_module('trouplet', run_name='__main__')"
    loaded = loaded_by(f"sys.argv[1:] = ['plugins', 'list']; {run_main}")
    assert not plugins_in(loaded)
    assert not roots(loaded) & {"pydantic", "httpx", "pluggy", "structlog", "mcp"}


def test_a_run_on_the_scripted_model_loads_nothing_heavy():
    loaded = loaded_by(program("scripted_run.py"))
    assert not plugins_in(loaded)
    assert roots(loaded) <= {"trouplet", "pluggy"}
    assert not loaded & {"importlib.metadata", "email", "tomllib", "json", "http", "unittest", "argparse"}


def test_the_first_http_provider_loads_no_sdk(base_url):
    loaded = loaded_by(program("http_provider.py"), base_url)
    assert plugins_in(loaded) == {"trouplet_openai", "trouplet_completions", "trouplet_http"}
    assert not roots(loaded) & SDKS


@pytest.mark.battery
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_every_step_keeps_its_budget_of_instructions(tmp_path):
    report = tmp_path / "instructions.json"
    command = [sys.executable, str(BENCH / "run.py"), "--only", "instr-*", "--json", str(report)]
    subprocess.run(command, check=True, timeout=600)
    rows = json.loads(report.read_text())
    assert len(rows) == 5
    assert [(row["title"], row["figure"]) for row in rows if not row["met"]] == []
