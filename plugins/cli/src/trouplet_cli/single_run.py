"""One run from a command line: the answer on stdout, everything else on stderr, the outcome as the exit code."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from trouplet_cli.agent_source import FileSource, make_agent
from trouplet_cli.failure import FAILED, INTERRUPTED
from trouplet_cli.interruption import Stoppable, Stopped
from trouplet_cli.line_reader import LineReader, read_all_input
from trouplet_cli.terminal import Terminal, can_ask, standard_streams

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from trouplet.events import Event
    from trouplet.reply import Reply
    from trouplet.scope import Scope
    from trouplet_cli.agent_source import ModelSource
    from trouplet_cli.commands.run import RunOptions

    Show = Callable[[Event], None]


def execute(source: FileSource | ModelSource, text: str | None, options: RunOptions) -> int:
    """Run an agent or a program to its end, and return the exit code."""
    text = _input(text, required=_needs_input(source))
    work = Stoppable()
    program = isinstance(source, FileSource) and source.program
    coroutine = _run_program(source, text, options) if program else _run_agent(source, text, options)  # type: ignore[arg-type]
    try:
        status = asyncio.run(work.run(coroutine))
    except Stopped:
        return INTERRUPTED
    return INTERRUPTED if work.interrupted else status


def _needs_input(source: FileSource | ModelSource) -> bool:
    return not (isinstance(source, FileSource) and source.program) or source.wants_argument


def _input(text: str | None, *, required: bool) -> str | None:
    if text != "-" and (text is not None or not required):
        return text
    if text is None and sys.stdin.isatty():
        raise click.UsageError("There is no input. Give it as an argument, or pipe it in.")
    return read_all_input()


async def _run_agent(source: FileSource | ModelSource, text: str, options: RunOptions) -> int:
    from trouplet import Kernel
    from trouplet_cli.approval import approver_for
    from trouplet_cli.turn import take_turn

    out, notes = standard_streams()
    async with Kernel() as kernel:
        agent = await make_agent(source, kernel)
        if options.max_iters is not None:
            agent.max_iters = options.max_iters
        silent = options.quiet or options.as_json
        approver = approver_for(options.approve, LineReader() if can_ask() else None, None if silent else notes)
        streams = out.is_tty and not silent
        show = _show(out, notes, options, streams=streams)
        reply = await take_turn(agent, text, show=show, approver=approver)
    if not streams and not options.as_json:
        out.line(reply.text)
    return _status(reply)


def _show(out: Terminal, notes: Terminal, options: RunOptions, *, streams: bool) -> Show:
    if options.as_json:
        return _print_json(out)
    if options.quiet:
        return lambda event: None
    from trouplet_cli.render import Transcript

    return Transcript(out, notes, stream_text=streams).show


def _print_json(out: Terminal) -> Show:
    from trouplet_cli.event_json import event_line

    def show(event: Event) -> None:
        out.stream.write(event_line(event) + "\n")
        out.stream.flush()

    return show


def _status(reply: Reply[Any]) -> int:
    if reply.interrupted:
        return INTERRUPTED
    return 0 if reply.status == "completed" else FAILED


async def _run_program(source: FileSource, text: str | None, options: RunOptions) -> int:
    """Run ``main`` of a file. It prints for itself; with ``--json`` the events of all its agents are printed."""
    out, _ = standard_streams()
    if options.as_json:
        _watch_all_agents(_print_json(out))
    result = await source.run_program(text)
    if not options.as_json and result is not None:
        _print_result(out, result)
    return 0


def _print_result(out: Terminal, result: object) -> None:
    from trouplet.messages import Msg

    out.line(result.text if isinstance(result, Msg) else str(result))


def _watch_all_agents(show: Show) -> None:
    from trouplet.agent import Agent
    from trouplet.events import Event, Subscription

    def subscribe(scope: Scope) -> list[Subscription]:
        return [Subscription((Event,), show)]

    Agent.hooks.add("on_event", subscribe)
