"""``trouplet chat``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from trouplet.agent import Agent, ReActAgent
    from trouplet.kernel import Kernel
    from trouplet_cli.agent_source import FileSource, ModelSource
    from trouplet_cli.line_reader import LineSource


@click.command()
@click.argument("target", required=False, metavar="[MODEL | FILE.py[:NAME]]")
@click.option("-s", "--system", help="The system prompt.")
@click.option(
    "-t", "--tool", "tools", multiple=True, metavar="PLUGIN", help="A plugin whose tools the agent has: code."
)
@click.option(
    "--approve",
    type=click.Choice(["ask", "all", "none"]),
    default="ask",
    help="What to do with calls that need consent.",
)
def chat(
    target: str | None, system: str | None, tools: tuple[str, ...], approve: Literal["ask", "all", "none"]
) -> None:
    """Talk to a model (provider:model), or to the agent that a file defines.

    Without a target, the model of the configuration file. Esc or Ctrl-C stops the agent and keeps what it said, Ctrl-D
    leaves. Lines may also be piped in; then each is answered on standard output.
    """
    import asyncio

    from trouplet_cli.agent_source import is_file_target, load_file, model_source

    if target is not None and is_file_target(target):
        if system or tools:
            raise click.UsageError("-s and -t are for a model; the agent of a file has its own.")
        source: FileSource | ModelSource = load_file(target)
    else:
        source = model_source(target, system=system, tools=tools)
    asyncio.run(_chat(source, approve))


async def _chat(source: FileSource | ModelSource, approve: Literal["ask", "all", "none"]) -> None:
    from trouplet import Kernel, __version__
    from trouplet_cli.agent_source import make_agent
    from trouplet_cli.approval import approver_for
    from trouplet_cli.chat_session import ChatSession, status_line
    from trouplet_cli.interruption import Unstoppable
    from trouplet_cli.render import Transcript
    from trouplet_cli.terminal import can_ask

    async with Kernel() as kernel:
        agent = await make_agent(source, kernel)
        transcript = Transcript()
        lines = _line_source()
        approver = approver_for(approve, lines if can_ask() else None, transcript.notes)
        session = ChatSession(agent, lines, transcript, approver, switch_model=_switch(source, kernel, agent))
        transcript.notes.line(status_line(agent, __version__), "dim")
        await Unstoppable().run(session.run())


def _line_source() -> LineSource:
    import sys

    from trouplet_cli.terminal import standard_streams

    if sys.stdin.isatty() and standard_streams()[0].live:
        from trouplet_cli.chat_session import COMMANDS
        from trouplet_cli.prompt_line import PromptLine

        return PromptLine(list(COMMANDS))
    from trouplet_cli.line_reader import LineReader

    return LineReader()


def _switch(source: FileSource | ModelSource, kernel: Kernel, agent: Agent) -> Callable[[str], ReActAgent] | None:
    """Return what makes the agent anew on another model, with the conversation so far."""
    from trouplet_cli.agent_source import ModelSource

    if not isinstance(source, ModelSource):
        return None
    return lambda model: source.make(kernel, model=model, memory=agent.memory)
