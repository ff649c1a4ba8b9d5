"""The larger model does a task with tools. Slow, and its weights have to be there already."""

import subprocess
import sys

import pytest

from trouplet import Kernel, Toolkit
from trouplet_local.catalogue import QWEN_CODER
from trouplet_local.weights import Weights, default_folder

pytestmark = [pytest.mark.model, pytest.mark.battery, pytest.mark.timeout(1800)]

SYS_PROMPT = "You are Friday, a helpful assistant. Your Python has only the standard library."
TASK = """\
Write a file sales.csv with this content:
month,revenue
Jan,120
Feb,95
Mar,143
Apr,110
May,162
Jun,158
Then run Python code that reads it with csv.DictReader and prints the statistics.stdev of the revenue, and tell me the
result."""


@pytest.fixture(scope="module")
def qwen_file():
    path = Weights(default_folder()).find(QWEN_CODER)
    if path is None:
        pytest.skip("the weights are not here; type: python -m trouplet_local fetch qwen2.5-coder-1.5b")
    return path


@pytest.fixture
def desk(tmp_path):
    """Two tools in one folder, and the code that was run; made outside of the event loop, which they need not block."""
    ran = []

    def write_text_file(path: str, content: str) -> str:
        """Create or overwrite a text file."""
        assert path == "sales.csv"
        (tmp_path / path).write_text(content)
        return f"Created {path}: {len(content)} bytes."

    def execute_python_code(code: str) -> str:
        """Run Python code in a new process and return what it prints."""
        ran.append(code)
        nothing_to_install_with = {"PATH": str(tmp_path), "PIP_NO_INDEX": "1"}
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=nothing_to_install_with,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return ended.stdout.decode()

    return Toolkit([write_text_file, execute_python_code]), ran


async def test_a_task_that_needs_two_tools_ends_with_what_only_the_tool_could_know(qwen_file, desk):
    toolkit, ran = desk
    async with Kernel() as kernel:
        model = kernel.model(f"local:{qwen_file}")
        agent = kernel.agent("Friday", model=model, sys_prompt=SYS_PROMPT, toolkit=toolkit, max_iters=8)
        reply = await agent(TASK)
    assert ran
    assert "27.17" in reply.text
