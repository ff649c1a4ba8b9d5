"""Several agents: a hub in which they hear each other, one after the other, and side by side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from trouplet.agent import as_messages
from trouplet.messages import Msg, ThinkingBlock, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from trouplet.agent import Agent, Input
    from trouplet.scope import Scope


class MsgHub:
    """A circle of agents in which each hears what the others reply; use it with ``async with``.

    ``announcement`` is heard by all at the start. With ``auto_broadcast=False`` only ``broadcast`` is heard. Hubs may
    be nested and may share participants.
    """

    def __init__(
        self,
        participants: Iterable[Agent],
        announcement: Input = None,
        *,
        auto_broadcast: bool = True,
        name: str | None = None,
    ) -> None:
        self.name = name or new_id()
        self.auto_broadcast = auto_broadcast
        self._announcement = announcement
        self._listeners: dict[Agent, Callable[..., Any]] = dict.fromkeys(participants, _nobody)

    @property
    def participants(self) -> tuple[Agent, ...]:
        """The agents in the hub, in order."""
        return tuple(self._listeners)

    async def __aenter__(self) -> MsgHub:
        for agent in self._listeners:
            self._listen(agent)
        await self.broadcast(self._announcement)
        return self

    async def __aexit__(self, *error: object) -> None:
        for agent in self.participants:
            self.remove(agent)

    def add(self, agent: Agent) -> None:
        """Let an agent join; nothing happens when it is there already."""
        if agent not in self._listeners:
            self._listen(agent)

    def remove(self, agent: Agent) -> None:
        """Let an agent leave: it neither hears nor is heard any more."""
        agent.hooks.remove("after_reply", self._listeners.pop(agent))

    async def broadcast(self, msgs: Input) -> None:
        """Let everybody hear these messages."""
        await self._tell(as_messages(msgs), self.participants)

    def _listen(self, agent: Agent) -> None:
        async def pass_on(reply: Msg, scope: Scope) -> None:
            if self.auto_broadcast:
                others = [other for other in self.participants if other is not agent]
                await self._tell((_spoken(reply),), others)

        self._listeners[agent] = pass_on
        agent.hooks.add("after_reply", pass_on)

    async def _tell(self, msgs: Sequence[Msg], agents: Sequence[Agent]) -> None:
        """Tell all of them; one that fails does not keep the message from the others."""
        msgs = [msg for msg in msgs if msg.content]
        if not msgs:
            return
        errors = []
        for agent in agents:
            try:
                await agent.observe(msgs)
            except Exception as error:  # an agent's own code: the others hear the message all the same
                error.add_note(f"while {agent.name} observed a message in hub {self.name}")
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"hub {self.name}: a message was not heard by all", errors)


def _nobody(reply: Msg, scope: Scope) -> None:
    """Stand in for the listener of an agent until the hub is entered."""


def _spoken(reply: Msg) -> Msg:
    """What others hear of a reply: everything but the thinking."""
    content = [block for block in reply.content if not isinstance(block, ThinkingBlock)]
    return Msg(reply.name, content, reply.role, reply.metadata, reply.id, reply.timestamp)


async def sequential_pipeline(agents: Iterable[Agent], msg: Input = None) -> Any:
    """Give the message to the first agent, its reply to the second, and so on; return the last reply."""
    current: Any = msg
    for agent in agents:
        current = await agent(current)
    return current


async def fanout_pipeline(agents: Iterable[Agent], msg: Input = None, *, parallel: bool = True) -> list[Msg]:
    """Give the same message to all agents and return their replies in order.

    In parallel, the first failure cancels the others and is raised in a group.
    """
    agents = list(agents)
    if not parallel:
        return [await agent(msg) for agent in agents]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_reply(agent, msg)) for agent in agents]
    return [task.result() for task in tasks]


async def _reply(agent: Agent, msg: Input) -> Msg:
    return await agent(msg)
