"""README.md and PLUGINS.md are true: every block runs, in order, in a folder where nothing else is.

PLUGINS.md has every hook with its exact signature."""

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from trouplet import hookspecs

ROOT = Path(__file__).parents[2]


class Block(NamedTuple):
    language: str
    line: int
    text: str

    @property
    def file(self) -> str | None:
        """The file that a block says it is, in a comment on its first line."""
        named = re.match(r"# (\S+\.\w+)\n", self.text)
        return named[1] if named else None


def blocks_of(document: str, language: str = "") -> list[Block]:
    """The fenced blocks of a document, in order; only those of a language if one is given."""
    text = (ROOT / document).read_text()
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [Block(match[1], text[: match.start()].count("\n") + 2, match[2]) for match in found]
    return [block for block in blocks if language in ("", block.language)]


class Reader:
    """Somebody who follows a document in an empty folder, without a home and without keys."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    def run(self, *command: str) -> str:
        """Run a command in the folder and return what it prints; warnings are errors."""
        whole = [sys.executable, *command]
        done = subprocess.run(
            whole, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def follow(self, block: Block) -> str:
        """Write a block to its file and run it, if it is a program."""
        path = self.folder / (block.file or f"line_{block.line}.py")
        path.write_text(block.text)
        if path.suffix != ".py":
            return ""
        if path.name.startswith("test_"):
            return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", path.name)
        return self.run("-W", "error", path.name)


@pytest.fixture(scope="session")
def mock_provider() -> Iterator[str]:
    """The address of a server that answers like a chat completions API."""
    bench = ROOT / "tests" / "bench"
    server = subprocess.Popen(
        [sys.executable, "server.py"], cwd=bench, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/hello"
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()


@pytest.fixture
def reader(tmp_path: Path, mock_provider: str) -> Reader:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "HOME": str(tmp_path),
        "OPENAI_API_KEY": "sk-not-a-real-key",
        "OPENAI_BASE_URL": mock_provider,
    }
    return Reader(tmp_path, environ)


def test_following_the_handbook_makes_plugins_that_work(reader: Reader, tmp_path: Path) -> None:
    printed = {}
    for block in blocks_of("PLUGINS.md"):
        if block.language == "sh":
            _install(reader, tmp_path)
        else:
            printed[block.file] = reader.follow(block)
    assert "You rolled twice.\n[" in printed["use_dice.py"]
    assert printed["trouplet_parrot.py"] == "Pieces of eight \n"
    assert printed["trouplet_curfew.py"].startswith("Friday The call was not allowed: not during opening hours\n")
    assert " passed" in printed["test_parrot.py"]


def _install(reader: Reader, folder: Path) -> None:
    """Do what the document's shell block says, with the build tools that are installed here."""
    reader.run("-m", "hatchling", "build", "-t", "wheel")
    [wheel] = (folder / "dist").glob("*.whl")
    reader.run("-m", "zipfile", "-e", str(wheel), str(folder))
    assert re.search(r"tools +dice +trouplet-dice +0\.1\.0 +installed", reader.run("-m", "trouplet", "plugins", "list"))
    assert "✓ dice" in reader.run("-m", "trouplet", "plugins", "doctor")


def test_the_first_plugin_takes_fifteen_lines() -> None:
    module = blocks_of("PLUGINS.md", "python")[0].text
    lines = [line for line in module.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 15


def signatures() -> list[str]:
    specs = {name: spec for name, spec in vars(hookspecs).items() if hasattr(spec, "trouplet_spec")}
    return [name + str(inspect.signature(spec)).replace("'", "") for name, spec in specs.items()]


def test_every_hook_is_in_the_handbook_with_its_exact_signature_and_no_other() -> None:
    assert re.findall(r"^#### `(.+)`$", (ROOT / "PLUGINS.md").read_text(), re.MULTILINE) == signatures()


@pytest.mark.parametrize("document", ["README.md", "PLUGINS.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / document).read_text()):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("block", blocks_of("README.md", "python"), ids=lambda block: f"line {block.line}")
def test_every_program_of_the_readme_runs(reader: Reader, block: Block) -> None:
    reader.follow(block)
