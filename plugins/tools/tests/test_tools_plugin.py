"""The two plugins in a kernel: what they offer, what they cost, what their settings do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from blockbuster import blockbuster_ctx

import trouplet_tools
from trouplet import Kernel, Toolkit
from trouplet.errors import BadSetting
from trouplet.testing.plugin_stand import PluginStand
from trouplet_tools import CodeTools, FileTools, execute_python_code, execute_shell_command, view_text_file
from trouplet_tools.plugin import CodePlugin, FilesPlugin

NAMES = {
    "code": ["execute_python_code", "execute_shell_command"],
    "files": ["view_text_file", "write_text_file", "insert_text_file"],
}


async def call(tool, **arguments) -> str:
    (block,) = await tool.run(tool.validate(arguments), lambda output: None)
    return block.text


async def test_a_kernel_finds_the_tools_by_name(tmp_path):
    async with Kernel(config={"files": {"root": str(tmp_path)}, "code": {"cwd": str(tmp_path)}}) as kernel:
        assert [tool.schema.name for tool in kernel.tools("code", "files")] == NAMES["code"] + NAMES["files"]
        (python, shell), (view, write, _) = kernel.tools("code"), kernel.tools("files")
        await call(write, path="a.txt", content="hello\n")
        assert "hello" in await call(shell, command="cat a.txt")
        assert "hello" in await call(python, code="open('a.txt').read()")
        assert "1: hello" in await call(view, path="a.txt", ranges=[1, 1])


async def test_two_kernels_have_their_own_settings(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    async with (
        Kernel(config={"code": {"cwd": f"{tmp_path}/a", "env": {"WHO": "a"}}}) as one,
        Kernel(config={"code": {"cwd": f"{tmp_path}/b", "env": {"WHO": "b"}}}) as other,
    ):
        texts = await asyncio.gather(
            *(call(kernel.tools("code")[1], command="echo $WHO; pwd") for kernel in (one, other))
        )
    for name, text in zip("ab", texts, strict=True):
        assert f"<stdout>{name}\n{tmp_path}/{name}\n</stdout>" in text


def test_the_functions_are_tools_as_they_are():
    toolkit = Toolkit([getattr(trouplet_tools, name) for names in NAMES.values() for name in names])
    schemas = {schema.name: schema.parameters for schema in toolkit.schemas}
    assert schemas["execute_shell_command"]["required"] == ["command"]
    assert schemas["execute_python_code"]["properties"]["timeout"]["default"] == 300
    assert schemas["view_text_file"]["properties"]["ranges"]["description"].startswith(
        "The first and last line to show"
    )
    assert schemas["insert_text_file"]["required"] == ["path", "content", "line_number"]
    for schema in toolkit.schemas:
        assert schema.description
        assert all("description" in field for field in schema.parameters["properties"].values())


def test_the_deadline_of_a_code_tool_comes_after_its_own_time_out():
    assert {tool.traits.deadline for tool in CodeTools(max_timeout=20).tools()} == {30}


def test_viewing_is_the_one_tool_that_changes_nothing():
    assert [tool.schema.name for tool in FileTools().tools() if tool.traits.read_only] == ["view_text_file"]


def test_the_environment_is_the_kernels():
    stand = PluginStand(
        "code", config={"inherit": ["GIVEN"]}, environ={"GIVEN": "yes", "PATH": "/usr/bin:/bin", "OTHER": "no"}
    )
    shell = list(CodePlugin(stand).provide_tools())[1]
    text = asyncio.run(call(shell, command="echo $GIVEN-$OTHER-$HOME"))
    assert "<stdout>yes--\n</stdout>" in text


@pytest.mark.parametrize(
    ("plugin", "config", "problem"),
    [
        (CodePlugin, {"timeout": -1}, r"code\.timeout .* greater than 0"),
        (
            CodePlugin,
            {"shell": "bash"},
            r"code\.shell .* Extra inputs .* cwd, env, inherit, timeout, output_limit, byte_cap",
        ),
        (CodePlugin, {"env": ["A"]}, r"code\.env "),
        (FilesPlugin, {"root": 7}, r"files\.root "),
    ],
)
def test_a_bad_setting_is_named_with_those_that_there_are(plugin, config, problem):
    name = "code" if plugin is CodePlugin else "files"
    with pytest.raises(BadSetting, match=problem):
        plugin(PluginStand(name, config=config)).provide_tools()


def test_the_entry_points_name_the_plugins():
    found = {
        point.name: point.load()
        for point in entry_points(group="trouplet.tools")
        if point.dist.name == "trouplet-tools"
    }
    assert found == {"code": CodePlugin, "files": FilesPlugin}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import trouplet_tools", ["asyncio", "pydantic", "trouplet_tools.code", "trouplet_tools.files", "subprocess"]),
        (
            "import trouplet_tools.plugin",
            ["asyncio", "pydantic", "trouplet_tools.code", "trouplet_tools.files", "subprocess"],
        ),
        ("from trouplet_tools import execute_shell_command", ["pydantic", "trouplet_tools.files"]),
        ("from trouplet_tools import view_text_file", ["pydantic", "trouplet_tools.code", "trouplet_tools.process"]),
    ],
)
def test_importing_costs_only_what_is_used(statement, absent):
    check = f"import sys\n{statement}\nsys.exit(str([name for name in {absent} if name in sys.modules] or ''))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_the_public_names_are_those_that_there_are():
    assert trouplet_tools.__all__ == sorted(trouplet_tools._MODULES)
    assert dir(trouplet_tools) == trouplet_tools.__all__
    assert all(getattr(trouplet_tools, name) for name in trouplet_tools.__all__)
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        trouplet_tools.missing  # noqa: B018


async def test_no_tool_blocks_the_event_loop(tmp_path):
    (tmp_path / "f").write_text("x\n")
    with blockbuster_ctx():
        assert "hi" in await execute_shell_command("echo hi; yes | head -c 1000000")
        assert "2" in await execute_python_code("1 + 1")
        assert "TimeoutError" in await execute_shell_command("sleep 100", timeout=0.3)
        assert "1: x" in await view_text_file(f"{tmp_path}/f")
        await FileTools(root=tmp_path).write_text_file("a/b", "x")
