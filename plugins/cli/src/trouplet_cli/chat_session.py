"""A conversation at the terminal: lines in, turns out, and the commands that begin with a slash."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from trouplet.agent import ReActAgent
from trouplet.errors import TroupletError
from trouplet_cli.failure import describe
from trouplet_cli.interruption import Stoppable, Stopped
from trouplet_cli.safe_text import one_line
from trouplet_cli.turn import take_turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trouplet.agent import Agent
    from trouplet_cli.line_reader import LineSource
    from trouplet_cli.render import Transcript
    from trouplet_cli.turn import Approver

PROMPT = "› "  # noqa: RUF001
LEAVE_WITHIN = 2.0
"""Seconds within which a second Ctrl-C at an empty prompt leaves."""

COMMANDS = {
    "/help": "show this",
    "/model": "go on with another model: /model provider:model",
    "/tools": "list the tools",
    "/clear": "forget the conversation",
    "/exit": "leave (also Ctrl-D)",
}


class ChatSession:
    """Talks with one agent until the person leaves. ``switch_model`` makes the agent anew on another model; None where
    the agent is a file's own.
    """

    def __init__(
        self,
        agent: Agent,
        lines: LineSource,
        transcript: Transcript,
        approver: Approver,
        *,
        switch_model: Callable[[str], Agent] | None = None,
    ) -> None:
        self.agent = agent
        self._lines = lines
        self._transcript = transcript
        self._notes = transcript.notes
        self._approver = approver
        self._switch_model = switch_model
        self._hinted = float("-inf")
        self._leaving = False
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/help": self._help, "/model": self._model, "/tools": self._tools, "/clear": self._clear,
            "/exit": self._exit, "/quit": self._exit,
        }  # fmt: skip

    async def run(self) -> None:
        """Read lines and answer them until the end of the input."""
        while not self._leaving:
            try:
                line = (await self._lines.read(PROMPT)).strip()
            except EOFError:
                break
            except Stopped:
                self._stopped_at_prompt()
                continue
            if line:
                await self._take(line)

    def _stopped_at_prompt(self) -> None:
        now = monotonic()
        self._leaving = now - self._hinted <= LEAVE_WITHIN
        self._hinted = now
        if not self._leaving:
            self._notes.line("Ctrl-D to leave (or Ctrl-C once more)", "dim")

    async def _take(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        command = self._commands.get(name)
        try:
            if command is not None:
                await command(rest.strip())
            elif name.startswith("/") and name[1:].isalpha():
                self._unknown(name)
            else:
                await self._turn(line)
        except TroupletError as error:
            self._notes.line(describe(error), "red")
        except Exception as error:  # the agent's and its tools' own code: the conversation goes on
            self._notes.line(f"✗ {type(error).__name__}: {error}", "red")

    async def _turn(self, text: str) -> None:
        work = Stoppable()
        turn = take_turn(self.agent, text, show=self._transcript.show, approver=self._approver)
        with self._lines.watching(work.stop):
            try:
                await work.run(turn)
            except Stopped:
                self._notes.line("■ stopped", "dim")

    # --- commands

    def _unknown(self, name: str) -> None:
        from trouplet.spelling import did_you_mean

        hint = did_you_mean(name, COMMANDS) or "See /help."
        self._notes.line(f"✗ There is no command {name!r}. {hint}", "red")

    async def _help(self, _: str) -> None:
        for name, summary in COMMANDS.items():
            self._notes.line(f"{name:<8} {summary}")
        self._notes.line("Esc or Ctrl-C stops the agent while it works.", "dim")

    async def _model(self, model: str) -> None:
        if self._switch_model is None:
            self._notes.line("✗ The model of an agent from a file is set in the file.", "red")
            return
        if model:
            self.agent = self._switch_model(model)
        self._notes.line(model_name(self.agent))

    async def _tools(self, _: str) -> None:
        toolkit = self.agent.toolkit if isinstance(self.agent, ReActAgent) else None
        if not toolkit:
            self._notes.line("no tools")
            return
        for schema in toolkit.schemas:
            summary = schema.description.strip().partition("\n")[0]
            self._notes.line(f"{one_line(schema.name)}  {one_line(summary)}")

    async def _clear(self, _: str) -> None:
        await self.agent.memory.clear()
        self._notes.line("The conversation is forgotten.", "dim")

    async def _exit(self, _: str) -> None:
        self._leaving = True


def model_name(agent: Agent) -> str:
    """Return the id of an agent's model, or the agent's class where it has none."""
    return agent.model.info.id if isinstance(agent, ReActAgent) else type(agent).__name__


def status_line(agent: Agent, version: str) -> str:
    """Return the line that a conversation begins with."""
    toolkit = agent.toolkit if isinstance(agent, ReActAgent) else None
    tools = f"{len(toolkit)} tool{'s' if len(toolkit) != 1 else ''}" if toolkit else "no tools"
    short = ".".join(version.split(".")[:2])
    return f"trouplet {short} · {model_name(agent)} · {tools}        /help  ·  Ctrl-C stop  ·  Ctrl-D leave"
