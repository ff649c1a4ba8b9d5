"""What all tests share: a guard against what blocks the event loop, and peers that somebody else wrote.

The peers are installed once, into the user's cache folder; without a registry the tests that need them are skipped.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

AIMOCK = "1.43.0"

GUARDED = [
    "trouplet.agent", "trouplet.agent_run", "trouplet.run_stream", "trouplet.loop", "trouplet.tool_calls",
    "trouplet.function_tool", "trouplet.memory", "trouplet.pipeline", "trouplet_http", "trouplet_completions",
    "trouplet_openai", "trouplet_anthropic", "trouplet_gemini", "trouplet_dashscope", "trouplet_deepseek",
    "trouplet_ollama", "trouplet_tools", "trouplet_resilience", "trouplet_cache", "trouplet_usage",
]  # fmt: skip
"""Where a running agent is at work. Making a kernel, loading a plugin and the doctor touch files, as they may."""


@pytest.fixture(autouse=True)
def blocking_calls_fail() -> Iterator[None]:
    with blockbuster_ctx(scanned_modules=GUARDED) as guard:
        for function in guard.functions.values():
            function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})  # imports are done once
            function.can_block_in("linecache.py", {"checkcache", "updatecache"})  # for a traceback in the log
            function.can_block_in("trouplet/tool_schema.py", {"__init__"})  # once a tool: pydantic reads its source
            function.can_block_in("trouplet/plugin_manager.py", {"__init__"})  # plugins make folders, read cassettes
            function.can_block_in("trouplet/catalogue.py", {"_find"})  # once a package
            function.can_block_in("trouplet/config.py", {"_path", "_read_keys", "_read_toml"})  # once a kernel
        yield


@pytest.fixture(scope="session")
def installed() -> Callable[[str, Callable[[Path], None]], Path]:
    """Returns a folder in the user's cache by its name; where it is not there yet, a function is called to fill it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trouplet-tests"

    def find(name: str, install: Callable[[Path], None]) -> Path:
        home = cache / name
        if home.exists():
            return home
        cache.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=cache))
        try:
            install(folder)
            folder.chmod(0o755)
            folder.rename(home)
        except (subprocess.SubprocessError, OSError) as error:
            if not home.exists():  # another process may have been quicker
                pytest.skip(f"{name} could not be installed: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return home

    return find


@pytest.fixture(scope="session")
def vendor_sdk(installed: Callable[[str, Callable[[Path], None]], Path]) -> Callable[[str], Callable[[str, Any], Any]]:
    """Installs a vendor's SDK in an environment of its own; returns what runs a script there, JSON in and JSON out."""

    def environment(requirement: str) -> Callable[[str, Any], Any]:
        def install(folder: Path) -> None:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
            command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", requirement]
            subprocess.run(command, check=True, capture_output=True, timeout=600)

        python = installed(requirement.replace("==", "-"), install) / "bin" / "python"

        def run(script: str, data: Any) -> Any:
            command = [python, "-c", script]
            done = subprocess.run(
                command, input=json.dumps(data), capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return run

    return environment


@pytest.fixture(scope="session")
def aimock_program(installed: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The program of npm's ``@copilotkit/aimock``, which plays most providers."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")

    def install(folder: Path) -> None:
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, f"@copilotkit/aimock@{AIMOCK}"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        for inner in (folder / "node_modules").iterdir():
            inner.rename(folder / inner.name)

    return installed(f"aimock-{AIMOCK}", install) / "@copilotkit" / "aimock" / "dist" / "cli.js"


@pytest.fixture
async def aimock(aimock_program: Path, tmp_path: Path) -> AsyncIterator[Callable[[Any], Awaitable[str]]]:
    """Starts the mock with fixtures and returns its address."""
    processes = []

    async def start(fixtures: Any) -> str:
        path = tmp_path / f"fixtures-{len(processes)}.json"
        path.write_text(json.dumps({"fixtures": fixtures}))
        command = ["node", aimock_program, "-p", "0", "-f", path, "-c", "7"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while b"listening on " not in (line := await process.stdout.readline()):
                assert line, "the mock ended before it listened"
        return line.decode().split("listening on ")[1].strip()

    yield start
    for process in processes:
        process.kill()
        await process.communicate()
