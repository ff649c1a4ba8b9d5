"""The budgets of the import table: which modules a step may load, and what it may cost in instructions.

Each step runs in a fresh interpreter that reports its own imports; what the bare interpreter loads anyway is left out.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
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


def loaded_by(*arguments, base_url=""):
    """Return the names of all modules that ``python …`` loads and ``python -c pass`` does not."""
    return imports_of(arguments, base_url) - bare_imports()


@cache
def bare_imports():
    return imports_of(("-c", "pass"), "")


def imports_of(arguments, base_url):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": base_url,
    }
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


def roots(modules):
    """The top-level packages of these modules that are not the standard library's."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


def plugins_in(modules):
    return {root for root in roots(modules) if root.startswith("trouplet_")}


def test_importing_trouplet_loads_nothing_else():
    assert loaded_by("-c", "import trouplet") == {"trouplet"}


def test_a_thin_plugin_module_needs_nothing_but_the_hooks():
    assert loaded_by("-c", "from trouplet.hooks import hookimpl") == {"trouplet", "trouplet.hooks"}


def test_listing_the_plugins_loads_no_plugin_and_nothing_heavy():
    loaded = loaded_by("-m", "trouplet", "plugins", "list")
    assert not plugins_in(loaded)
    assert not roots(loaded) & {"pydantic", "httpx", "pluggy", "structlog", "mcp"}


def test_a_run_on_the_scripted_model_loads_nothing_heavy():
    loaded = loaded_by(str(BENCH / "steps" / "scripted_run.py"))
    assert not plugins_in(loaded)
    assert not roots(loaded) & {"pydantic", "httpx", "mcp", "structlog", "docstring_parser"}
    assert not loaded & {"ssl", "asyncio.subprocess", "importlib.metadata", "unittest"} - bare_imports()


def test_the_first_http_provider_loads_no_sdk(base_url):
    loaded = loaded_by(str(BENCH / "steps" / "http_provider.py"), base_url=base_url)
    assert plugins_in(loaded) == {"trouplet_openai", "trouplet_http"}
    assert not roots(loaded) & SDKS


@pytest.mark.battery
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_every_step_keeps_its_budget_of_instructions(tmp_path):
    report = tmp_path / "instructions.json"
    command = [sys.executable, str(BENCH / "run.py"), "--only", "instructions", "--json", str(report)]
    subprocess.run(command, check=True, timeout=600)
    rows = json.loads(report.read_text())
    assert len(rows) == 5
    assert [(row["title"], row["figure"]) for row in rows if not row["met"]] == []
