"""One turn of an agent: its events are shown, its questions answered, until it has replied."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

from trouplet.events import Event, Subscription
from trouplet.tool_io import Deny
from trouplet_cli.interruption import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from trouplet.agent import Agent
    from trouplet.messages import ToolUseBlock
    from trouplet.reply import Reply
    from trouplet.run_state import RunState
    from trouplet.scope import Scope
    from trouplet.tool_io import Allow

    Show = Callable[[Event], None]


class Approver(Protocol):
    """Decides about tool calls that need somebody's consent."""

    async def decide(self, calls: Sequence[ToolUseBlock]) -> Mapping[str, Allow | Deny]:
        """Return a decision for each call, by its id. Raises ``Stopped`` when the person wants to stop instead."""
        ...


async def take_turn(agent: Agent, text: str | None, *, show: Show, approver: Approver) -> Reply[Any]:
    """Let an agent reply to a text, and return the reply."""
    stream = agent.stream(text)
    async with stream:
        async for event in stream:
            show(event)
    reply = stream.reply
    assert reply is not None, "a stream that ended without an error has a reply"
    state = cast("RunState", stream.state)
    while reply.status == "parked":
        reply = await _resume(agent, state, show, approver)
    return reply


async def _resume(agent: Agent, state: RunState, show: Show, approver: Approver) -> Reply[Any]:
    try:
        decisions = await approver.decide([call for call in state.open_calls if call.id in state.asks])
    except Stopped:
        return await _abandon(agent, state, show)
    except asyncio.CancelledError:
        await _abandon(agent, state, show)
        raise
    with _shown(agent, show):
        return await agent.resume(state, decisions)


async def _abandon(agent: Agent, state: RunState, show: Show) -> Reply[Any]:
    """Close the calls of a parked run that nobody decides about, so that the conversation can go on."""
    refused = {call.id: Deny("The user stopped the run instead of deciding.") for call in state.open_calls}
    with _shown(agent, show):
        resumed = asyncio.ensure_future(agent.resume(state, refused))
        await asyncio.sleep(0)
        agent.interrupt()
        return await resumed


@contextmanager
def _shown(agent: Agent, show: Show) -> Iterator[None]:
    """Show the events of the agent's runs that begin meanwhile: a resumed run is not a stream."""

    def subscribe(scope: Scope) -> list[Subscription]:
        return [Subscription((Event,), show)]

    agent.hooks.add("on_event", subscribe)
    try:
        yield
    finally:
        agent.hooks.remove("on_event", subscribe)
