"""The human as an agent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trouplet.agent import Agent
from trouplet.messages import Msg
from trouplet.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from trouplet.agent import Input
    from trouplet.agent_run import Run
    from trouplet.kernel import Kernel


class UserAgent(Agent):
    """A person who takes part as an agent: its reply is what the person enters.

    ``ask`` gets the prompt and returns the text; the default reads a line from the terminal without blocking the loop.
    """

    def __init__(
        self, name: str = "user", *, ask: Callable[[str], Awaitable[str]] | None = None, kernel: Kernel | None = None
    ) -> None:
        super().__init__(name, kernel=kernel)
        self.ask = ask or read_line

    async def reply(self, msgs: Sequence[Msg], run: Run) -> Msg:
        """Ask the person."""
        text = await self.ask(f"{self.name}: ")
        return Msg(self.name, text, "user", {}, self.new_id(), self.clock())

    async def observe(self, msgs: Input) -> None:
        """Do nothing: a person reads the screen."""


async def read_line(prompt: str) -> str:
    """Read a line from standard input in a thread; raises ``EOFError`` at its end."""

    def read() -> str:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError("standard input has ended")
        return line.rstrip("\n")

    return await run_in_thread(read, name="terminal input")
