"""``trouplet run``: for scripts and pipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from typing import Literal

    from trouplet_cli.agent_source import FileSource, ModelSource


@dataclass(slots=True)
class RunOptions:
    """How a run is shown and limited."""

    as_json: bool
    quiet: bool
    max_iters: int | None
    approve: Literal["ask", "all", "none"]


@click.command()
@click.argument("target", required=False, metavar="[FILE.py[:NAME] | MODEL]")
@click.argument("text", required=False, metavar="[INPUT | -]")
@click.option("-m", "--model", help="Ask this model instead of a target; the first argument is then the input.")
@click.option("-s", "--system", help="The system prompt; for a model.")
@click.option(
    "-t", "--tool", "tools", multiple=True, metavar="PLUGIN", help="A plugin whose tools it has; for a model."
)
@click.option("--max-iters", type=click.IntRange(min=1), metavar="N", help="Limit the steps of the agent.")
@click.option(
    "--approve",
    type=click.Choice(["ask", "all", "none"]),
    default="ask",
    help="What to do with calls that need consent.",
)
@click.option("--quiet", is_flag=True, help="Print the answer only, nothing on stderr but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print every event as a line of JSON instead of the answer.")
@click.pass_context
def run(
    ctx: click.Context,
    /,
    target: str | None,
    text: str | None,
    model: str | None,
    system: str | None,
    tools: tuple[str, ...],
    **options: bool | int | str | None,
) -> None:
    """Let an agent answer one input, and print the answer on standard output; all else goes to standard error.

    FILE.py defines `agent` (an agent, or a function of the kernel that returns one) or `main` (a program). The input
    is an argument, or is read from standard input. Ctrl-C interrupts the agent and prints what it has; a second one
    aborts.

    Exit codes: 0 done, 1 the agent failed, 2 usage, 3 configuration or plugin, 130 interrupted.
    """
    from trouplet_cli.single_run import execute

    if model is not None:
        target, text = model, _only_input(target, text)
    source = _source(target, system, tools)
    ctx.exit(execute(source, text, RunOptions(**options)))  # type: ignore[arg-type]


def _only_input(first: str | None, second: str | None) -> str | None:
    if second is not None:
        raise click.UsageError("With -m the only argument is the input.")
    return first


def _source(target: str | None, system: str | None, tools: tuple[str, ...]) -> FileSource | ModelSource:
    from trouplet_cli.agent_source import is_file_target, load_file, model_source

    if target is None or not is_file_target(target):
        return model_source(target, system=system, tools=tools)
    if system or tools:
        raise click.UsageError("-s and -t are for a model; the agent of a file has its own.")
    return load_file(target)
