"""Every list of members agrees with the file system."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PATTERNS = WORKSPACE["tool"]["uv"]["workspace"]["members"]
MEMBERS = sorted(path.parent for pattern in PATTERNS for path in ROOT.glob(f"{pattern}/pyproject.toml"))
PROJECTS = {path: tomllib.loads((path / "pyproject.toml").read_text()) for path in MEMBERS}
NAMES = {project["project"]["name"] for project in PROJECTS.values()}
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()


def test_the_top_level_is_what_the_architecture_says() -> None:
    folders = {name.split("/")[0] for name in TRACKED if "/" in name}
    assert folders == {".ci", "kernel", "plugins", "contrib", "tests"}


def test_the_development_group_and_the_sources_name_every_member() -> None:
    group = {name for name in WORKSPACE["dependency-groups"]["dev"] if name.startswith("trouplet")}
    assert group == NAMES
    assert set(WORKSPACE["tool"]["uv"]["sources"]) == NAMES


@pytest.mark.parametrize("path", MEMBERS, ids=lambda path: path.name)
def test_a_member_is_laid_out_like_the_others(path: Path) -> None:
    project = PROJECTS[path]["project"]
    expected = "trouplet" if path.name == "kernel" else f"trouplet-{path.name}"
    package = path / "src" / expected.replace("-", "_")
    assert project["name"] == expected
    assert project["license"] == "Apache-2.0"
    assert project["requires-python"] == ">=3.11"
    assert project["description"]
    assert (path / project["readme"]).stat().st_size > 200
    assert (package / "py.typed").is_file()
    assert PROJECTS[path]["build-system"]["build-backend"] == "hatchling.build"


@pytest.mark.parametrize("path", MEMBERS, ids=lambda path: path.name)
def test_plugins_declare_floors_and_the_kernel_depends_on_no_plugin(path: Path) -> None:
    for dependency in PROJECTS[path]["project"]["dependencies"]:
        assert ">=" in dependency, dependency
        assert path.name != "kernel" or not dependency.startswith("trouplet")


def test_constraints_have_hashes_and_no_addresses() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    requirements = re.findall(r"^[a-z0-9].*", text, re.MULTILINE)
    assert len(requirements) > 30
    assert all("==" in line and line.endswith("\\") for line in requirements)
