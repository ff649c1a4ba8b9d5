"""Each wheel builds and installs alone: the kernel in a clean environment, then one plugin at a time."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = [ROOT / "kernel", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
UV = str(Path(sys.executable).with_name("uv"))
MOST_DISTRIBUTIONS = 11
"""agent-framework-core, the leanest of the peers, comes with eleven."""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    parts = [str(part) for part in command]
    done = subprocess.run(parts, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    for member in MEMBERS:
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=member)
    return {wheel.name.split("-")[0]: wheel for wheel in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Path:
    """An environment with the kernel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", python, wheels["trouplet"])
    return python


def installed(python: Path) -> set[str]:
    return {
        entry["name"] for entry in json.loads(run(UV, "pip", "list", "--quiet", "--format", "json", "--python", python))
    }


def test_a_wheel_holds_its_package_and_nothing_else(wheels: dict[str, Path]) -> None:
    assert len(wheels) == len(MEMBERS)
    for name, wheel in wheels.items():
        files = zipfile.ZipFile(wheel).namelist()
        assert {file.split("/")[0] for file in files} == {name, f"{name}-0.1.0.dist-info"}
        assert not [file for file in files if file.endswith((".pth", ".pyc"))]
        assert f"{name}/py.typed" in files


def test_a_wheel_holds_the_catalogue_of_its_models(wheels: dict[str, Path]) -> None:
    catalogues = list(ROOT.glob("plugins/*/src/*/models.json"))
    assert len(catalogues) >= 7
    for catalogue in catalogues:
        package = catalogue.parent.name
        assert f"{package}/models.json" in zipfile.ZipFile(wheels[package]).namelist()


def test_the_kernel_alone_is_small_and_works(clean_python: Path) -> None:
    assert len(installed(clean_python)) <= MOST_DISTRIBUTIONS
    program = (
        "from trouplet import Kernel, run\n"
        "async def main():\n"
        "    async with Kernel() as kernel:\n"
        "        print((await kernel.agent('Friday', model='test:echo')('hi')).text)\n"
        "run(main())"
    )
    assert run(clean_python, "-W", "error", "-c", program) == "You said: hi\n"


def test_each_plugin_installs_beside_the_kernel_and_is_found(clean_python: Path, wheels: dict[str, Path]) -> None:
    known = [wheel for name, wheel in wheels.items() if name != "trouplet"]
    for wheel in known:
        links = ("--find-links", wheel.parent)
        run(UV, "pip", "install", "--quiet", "--python", clean_python, *links, wheel)
        report = run(clean_python, "-m", "trouplet", "plugins", "doctor")
        assert "✗" not in report
    assert {f"trouplet-{wheel.name.split('-')[0].removeprefix('trouplet_')}" for wheel in known} < installed(
        clean_python
    )
