"""An agent with tools on a real model in this process: no key, and no network once the weights are there.

``python contrib/examples/demo.py [MODEL]``; ``make demo`` sets everything up first. The task needs a tool: nobody
computes a standard deviation to fourteen digits without one.
"""

import os
import sys
import tempfile
from pathlib import Path

from trouplet import Kernel, run
from trouplet.errors import TroupletError
from trouplet_cli.render import Transcript
from trouplet_cli.terminal import standard_streams

SYSTEM_PROMPT = (
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
ANSWER = "27.17106303895132"

TOOLS = ("write_text_file", "view_text_file", "execute_python_code")
"""The fewer tools there are, the better a small model chooses."""

BIN = os.path.relpath(Path(sys.executable).parent)
NEXT = """\
What to do next
  {bin}/trouplet chat {model} -t code -t files    talk to this agent
  {bin}/trouplet plugins list                     see what is installed
  README.md                                       write your own agent, in six lines"""


async def main(model: str) -> int:
    """Run the task in an empty folder; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="trouplet-demo-") as folder:
        # A small model that misses a package may try to install it; without an index it cannot.
        code = {"cwd": folder, "env": {"PIP_NO_INDEX": "1"}}
        async with Kernel(config={"code": code, "files": {"root": folder}}) as kernel:
            found = {tool.schema.name: tool for tool in kernel.tools("files", "code")}
            agent = kernel.agent(
                "Friday", model=model, sys_prompt=SYSTEM_PROMPT, tools=[found[name] for name in TOOLS], max_iters=8
            )
            print(f"{model} · tools: {', '.join(TOOLS)}\n\n{TASK}\n", flush=True)
            out, _ = standard_streams()
            transcript = Transcript(out)
            stream = agent.stream(TASK)
            async for event in stream:
                transcript.show(event)
    reply = stream.reply
    assert reply is not None, "a stream that ended without an error has a reply"
    print(f"\n{_verdict(reply.text)}\n\n{NEXT.format(bin=BIN, model=model)}")
    return 0 if reply.status in ("completed", "limit") else 1


def _verdict(answer: str) -> str:
    if ANSWER[:5] in answer:
        return f"The tool computed a standard deviation of {ANSWER}, and the answer has it."
    return f"The answer lacks the standard deviation, {ANSWER}. Small models do that: try again, or a larger one."


def fetch_weights(model: str) -> None:
    """Download a named local model, with a progress bar, unless it is there."""
    provider, _, name = model.partition(":")
    if provider != "local" or Path(name).suffix == ".gguf":
        return
    from trouplet_local.__main__ import main as trouplet_local

    if trouplet_local(["path", name]) == 0:
        return
    if code := trouplet_local(["fetch", name]):
        sys.exit(code)


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "local:qwen2.5-coder-1.5b"
    try:
        fetch_weights(chosen)
        sys.exit(run(main(chosen)))
    except TroupletError as problem:
        sys.exit(f"✗ {problem}")
