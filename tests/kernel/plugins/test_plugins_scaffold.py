"""A new plugin's project works as it is written: its code, its tests, its entry point."""

import asyncio
import os
import subprocess
import sys
import tomllib

import pytest

from trouplet.errors import BadSetting
from trouplet.messages import Msg, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest
from trouplet.scaffold import new_plugin
from trouplet.scaffold_files import OF_KIND
from trouplet.tool_io import Deny


@pytest.fixture
def install(site, tmp_path):
    """Return a function that writes a project and installs it: its sources on the path, its entry point as metadata."""

    def install(name, kind):
        folder = new_plugin(name, kind=kind, directory=tmp_path)
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        entries = {
            f"{group.removeprefix('trouplet.')}:{entry}": target
            for group, points in project["entry-points"].items()
            for entry, target in points.items()
        }
        site.add(project["name"], entries, version=project["version"])
        for source in (folder / "src").iterdir():
            source.rename(site.folder / source.name)
        return folder

    return install


def test_a_new_tool_plugin_provides_its_tool(site, install):
    install("letters", "tools")
    (tool,) = site.manager().provide_tools(["letters"])
    assert tool("strawberry", "r") == 3


def test_a_new_model_plugin_makes_its_model(site, install):
    install("loud-one", "models")
    model = site.manager().create_model("loud-one", "big", {})

    async def answer():
        return [chunk async for chunk in model.stream(ModelRequest([Msg("Ann", "hi there")]))]

    *pieces, finish = asyncio.run(answer())
    assert "".join(piece.text for piece in pieces) == "HI THERE "
    assert isinstance(finish, Finish)
    assert model.info.id == "loud-one:big"


def test_a_new_hook_plugin_takes_part_in_runs(site, install):
    install("guard", "hooks")
    ((name, before_acting),) = site.manager(plugins=["guard"]).runtime_hooks("before_acting")
    assert name == "guard"
    assert asyncio.run(before_acting(ToolUseBlock("1", "ls", {}), None)) is None


def test_the_settings_of_a_new_hook_plugin_work(site, install):
    install("guard", "hooks")
    from trouplet_guard.plugin import GuardPlugin

    from trouplet.testing import PluginStand

    plugin = GuardPlugin(PluginStand(config={"denied": ["rm"]}))
    assert isinstance(asyncio.run(plugin.before_acting(ToolUseBlock("1", "rm", {}))), Deny)


@pytest.mark.parametrize("kind", OF_KIND)
def test_the_tests_of_a_new_plugin_pass(tmp_path, kind):
    folder = new_plugin("sample", kind=kind, directory=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", OF_KIND)
def test_a_new_plugin_is_well_formed(tmp_path, kind):
    folder = new_plugin("sample-one", kind=kind, directory=tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "trouplet-sample-one"
    assert project["entry-points"] == {f"trouplet.{kind}": {"sample-one": "trouplet_sample_one.plugin:SampleOnePlugin"}}
    assert (folder / "src" / "trouplet_sample_one" / "py.typed").is_file()
    for file in folder.rglob("*"):
        assert file.is_dir() or "$" not in file.read_text(), file


def test_the_prefix_may_be_typed_or_left_out(tmp_path):
    assert new_plugin("trouplet-sample", directory=tmp_path).name == "trouplet-sample"


@pytest.mark.parametrize(
    "name", ["", "Weather", "1st", "a--b", "a_b", "a/b", "../up", "-a", "trouplet-", "wörter", "a b", "test"]
)
def test_names_that_are_not_usable_are_refused(tmp_path, name):
    with pytest.raises(BadSetting, match="name"):
        new_plugin(name, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(BadSetting, match="Choose one of: tools, models, hooks"):
        new_plugin("sample", kind="toys", directory=tmp_path)


def test_a_folder_that_exists_is_not_touched(tmp_path):
    (tmp_path / "trouplet-sample").mkdir()
    with pytest.raises(BadSetting, match="is there already"):
        new_plugin("sample", directory=tmp_path)
    assert list((tmp_path / "trouplet-sample").iterdir()) == []
