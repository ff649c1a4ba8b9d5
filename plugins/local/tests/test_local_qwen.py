"""The larger model does a task with tools. Slow, and its weights have to be there already."""

import os
import sys

import pytest

from trouplet import Kernel
from trouplet_local.catalogue import QWEN_CODER
from trouplet_local.weights import Weights, default_folder

pytestmark = [pytest.mark.model, pytest.mark.battery, pytest.mark.timeout(1800)]

SYS_PROMPT = (
    "You are Friday, a helpful assistant. Python has only its standard library here: "
    "read CSV files with csv.DictReader and compute with statistics."
)
TASK = """\
Write a file sales.csv with this content:
month,revenue
Jan,120
Feb,95
Mar,143
Apr,110
May,162
Jun,158
Then read it with Python, compute the mean and the standard deviation of the revenue, and tell me both numbers."""


@pytest.fixture(scope="module")
def qwen_file():
    path = Weights(default_folder()).find(QWEN_CODER)
    if path is None:
        pytest.skip("the weights are not here; type: python -m trouplet_local fetch qwen2.5-coder-1.5b")
    return path


async def test_a_task_that_needs_two_tools_ends_with_what_only_the_tool_could_know(qwen_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = []

    def write_text_file(path: str, content: str) -> str:
        """Create or overwrite a text file."""
        assert path == "sales.csv"
        (tmp_path / path).write_text(content)
        return f"Created {path}: {len(content)} bytes."

    async def execute_python_code(code: str) -> str:
        """Run Python code in a new process and return what it prints."""
        import asyncio

        ran.append(code)
        pipe = asyncio.subprocess.PIPE
        environ = {key: value for key, value in os.environ.items() if key != "PATH"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
            env=environ | {"PIP_NO_INDEX": "1"},
        )
        output, _ = await process.communicate()
        return output.decode()

    async with Kernel() as kernel:
        tools = [write_text_file, execute_python_code]
        model = kernel.model(f"local:{qwen_file}")
        agent = kernel.agent("Friday", model=model, sys_prompt=SYS_PROMPT, tools=tools, max_iters=8)
        reply = await agent(TASK)
    assert ran
    assert "131.3" in reply.text
    assert "27.1" in reply.text
