"""What the tests of the command line share: a home of their own, the command in a process, and in a real terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trouplet_cli.app import cli

PATIENCE = 60.0
"""Seconds after which something that should have happened has not; the machine may be busy."""

COMMAND = [sys.executable, "-m", "trouplet_cli"]
_OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'trouplet_cli', *sys.argv[1:]])"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: no configuration, no keys, nothing of the developer's environment."""
    for name in list(os.environ):
        if name.startswith("TROUPLET_") or name.endswith("_API_KEY") or name in {"CI", "NO_COLOR", "XDG_CONFIG_HOME"}:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TROUPLET_CONFIG_DIR", str(folder / "config"))
    return folder


class InProcess:
    """Runs the command line in this process."""

    def __call__(self, *arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(cli, list(arguments), input=input)


@pytest.fixture
def trouplet() -> InProcess:
    return InProcess()


class InPipes:
    """Runs the command line in a process of its own, with pipes instead of a terminal."""

    patience = PATIENCE

    def __call__(self, *arguments: str, input: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=input,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **environ},
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, encoding="utf-8"
        )


@pytest.fixture
def process() -> InPipes:
    return InPipes()


class InTerminal:
    """The command line in a pseudo-terminal of its own, as a person sees it."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        master, slave = os.openpty()
        self._master = master
        self.seen = ""
        self.raw = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _OWN_TERMINAL, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "80", **environ},
        )
        os.close(slave)

    def expect(self, text: str) -> str:
        """Wait until a text is on the screen; return what came up to its end, and look for the next one after it."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} did not come; there is {self.seen!r}"
            assert self._read(), f"the process ended before {text!r} came; there is {self.seen!r}"
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.raw += data
        self.seen += _ESCAPES.sub("", data.decode("utf-8", "replace"))
        return bool(data)

    def send(self, text: str) -> None:
        """Type."""
        os.write(self._master, text.encode())

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


class Terminals:
    def __init__(self) -> None:
        self._opened: list[InTerminal] = []

    def __call__(self, *arguments: str, **environ: str) -> InTerminal:
        opened = InTerminal(*arguments, **environ)
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


@pytest.fixture
def terminal() -> Iterator[Terminals]:
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    terminals = Terminals()
    yield terminals
    terminals.close()


_AGENTS = '''
import asyncio
from trouplet import Kernel, ReActAgent, tool
from trouplet.model_io import TextChunk
from trouplet.testing import ScriptedModel, call

def remove(path: str) -> str:
    """Remove a file."""
    return f"removed {path}"

async def story(request):
    yield TextChunk("Once upon a time")
    await asyncio.Event().wait()

def friday(*steps, tools=()):
    return ReActAgent("Friday", model=ScriptedModel(steps), tools=tools)

risky = tool(requires_approval=True)(remove)
'''


class AgentFile:
    """Writes files that define agents; ``friday(*steps)`` makes one on a script, ``story`` never ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, text: str, name: str = "agents.py") -> str:
        path = self._folder / name
        path.write_text(_AGENTS + text, "utf-8")
        return str(path)


@pytest.fixture
def agent_file(tmp_path: Path) -> AgentFile:
    return AgentFile(tmp_path)


class Distributions:
    """Installs distributions with commands into a folder that is on the path of processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, module: str, *, command: str, target: str | None = None) -> None:
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text("")
        target = target or f"{name.replace('-', '_')}:command"
        (info / "entry_points.txt").write_text(f"[trouplet.commands]\n{command} = {target}\n")
        (self.folder / f"{name.replace('-', '_')}.py").write_text(module)


@pytest.fixture
def distributions(tmp_path: Path) -> Distributions:
    return Distributions(tmp_path / "site")
