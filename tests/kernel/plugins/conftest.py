"""Real distributions on disk, as an installer leaves them, and processes that see them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from trouplet import discovery
from trouplet.plugin_manager import PluginManager
from trouplet.selection import Selection
from trouplet.testing import PluginStand


class Site:
    """A folder of ``sys.path`` with distributions that exist for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self,
        distribution: str,
        entries: dict[str, str] | bytes,
        modules: dict[str, str] | None = None,
        *,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
        metadata: bytes | None = None,
    ) -> Path:
        """Install a distribution; ``entries`` maps ``kind:name`` to a target, ``modules`` a name to a module's code."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}\nA plugin.\n"
        (info / "METADATA").write_bytes(text.encode() if metadata is None else metadata)
        (info / "RECORD").write_text("")
        (info / "entry_points.txt").write_bytes(entries if isinstance(entries, bytes) else _entry_points(entries))
        for name, code in (modules or {}).items():
            (self.folder / f"{name}.py").write_text(dedent(code))
        return info

    def add_plugin(self, name: str, body: str, *, kind: str = "models", head: str = "", **options: object) -> str:
        """Install ``trouplet-<name>`` with one class ``P`` of this body; return the distribution's name."""
        module = f"plugin_{name.replace('-', '_')}"
        code = f"from trouplet.hooks import hookimpl\n{dedent(head)}\n\nclass P:\n{_indented(body)}\n"
        self.add(f"trouplet-{name}", {f"{kind}:{name}": f"{module}:P"}, {module: code}, **options)
        return f"trouplet-{name}"

    def index(self) -> discovery.PluginIndex:
        """Scan what is installed by now."""
        return discovery.rescan()

    def manager(self, selection: Selection | None = None, **options: object) -> PluginManager:
        """Make a plugin manager that sees what is installed by now."""
        discovery.rescan()
        return PluginManager(selection or Selection(), PluginStand, **options)

    def run(self, *arguments: str, deadline: float = 100, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run Python with the folder on its path, and without the user's configuration."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "TROUPLET_CONFIG_DIR": str(self.folder), **environ}
        environment["PYTHONIOENCODING"] = "utf-8"
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=deadline, check=False
        )


def _entry_points(entries: dict[str, str]) -> bytes:
    groups: dict[str, str] = {}
    for entry, target in entries.items():
        kind, _, name = entry.rpartition(":")
        groups[kind] = groups.get(kind, "") + f"{name} = {target}\n"
    return "".join(f"[trouplet.{kind}]\n{lines}\n" for kind, lines in groups.items()).encode()


def _indented(body: str) -> str:
    return "\n".join(f"    {line}" for line in dedent(body).strip("\n").splitlines())


GOOD = """
plugin_api = (1, 0)

def __init__(self, context):
    self.context = context
"""

MODEL = (
    GOOD
    + """
@hookimpl
def create_model(self, provider, model, config):
    return (self, provider, model, dict(config))
"""
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return an empty folder on ``sys.path``; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    known = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - known:
        origin = getattr(sys.modules[name], "__file__", None)
        if origin is not None and Path(origin).is_relative_to(folder):
            del sys.modules[name]
    monkeypatch.undo()
    discovery.rescan()


@pytest.fixture
def good():
    """Return the body of a plugin class that does nothing wrong."""
    return GOOD


@pytest.fixture
def model():
    """Return the body of a plugin class that makes models: what it was asked for, with itself."""
    return MODEL
