"""One turn of an agent: its events are shown, its questions answered, until it has replied."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from trouplet.events import Event, RunStarted
from trouplet.tool_io import Deny
from trouplet_cli.interruption import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from trouplet.agent import Agent
    from trouplet.messages import ToolUseBlock
    from trouplet.reply import Reply
    from trouplet.run_state import RunState
    from trouplet.run_stream import RunStream
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
    reply = await _shown(stream, show)
    while reply.status == "parked":
        reply = await _resume(agent, stream.state, show, approver)
    return reply


async def _resume(agent: Agent, state: RunState, show: Show, approver: Approver) -> Reply[Any]:
    try:
        decisions = await approver.decide([call for call in state.open_calls if call.id in state.asks])
    except Stopped:
        return await _abandon(agent, state, show)
    except asyncio.CancelledError:
        await _abandon(agent, state, show)
        raise
    return await _shown(agent.resume_stream(state, decisions), show)


async def _abandon(agent: Agent, state: RunState, show: Show) -> Reply[Any]:
    """Close the calls of a parked run that nobody decides about, so that the conversation can go on."""
    refused = {call.id: Deny("The user stopped the run instead of deciding.") for call in state.open_calls}

    def show_and_stop(event: Event) -> None:
        show(event)
        if isinstance(event, RunStarted):
            agent.interrupt()

    return await _shown(agent.resume_stream(state, refused), show_and_stop)


async def _shown(stream: RunStream, show: Show) -> Reply[Any]:
    async with stream:
        async for event in stream:
            show(event)
    assert stream.reply is not None, "a stream that ended without an error has a reply"
    return stream.reply
