"""One run of an agent: from the call to the reply, with interruption, cancellation and failure on the way.

The work is done in a task of its own, which the caller's task awaits. ``interrupt()`` cancels that task only, so that
the caller's task is never touched by it. Cancellation by the caller goes through that task and on up. In both cases the
history is valid before anything else happens: every call in it has its result.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

from trouplet.chains import chains_of
from trouplet.errors import BudgetExceeded
from trouplet.messages import Msg
from trouplet.reply import Reply
from trouplet.run_state import RunState
from trouplet.scope import Scope, current_run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias, TypeVar

    from trouplet.agent import Agent
    from trouplet.chains import Chains
    from trouplet.events import RunStatus
    from trouplet.kernel import Kernel
    from trouplet.messages import ContentBlock, ToolResultBlock, ToolUseBlock
    from trouplet.model_io import Chunk, ModelRequest
    from trouplet.ports import Memory
    from trouplet.run_events import RunEvents
    from trouplet.structured import OutputContract
    from trouplet.tool_io import Allow, Deny

    T = TypeVar("T")
    Decisions: TypeAlias = Mapping[str, Allow | Deny | ToolResultBlock]

GRACE = 5.0
"""Seconds that clean-up may take after a run was stopped."""

watched_by: ContextVar[set[Run] | None] = ContextVar("trouplet_watched_by", default=None)
"""Where runs that are at work are listed, for whoever turns Ctrl-C into an interruption; nested runs are not."""


class Run:
    """A run in progress. Made by an agent; used by loops, and by agents of one's own that override ``reply``."""

    def __init__(
        self,
        agent: Agent,
        msgs: Sequence[Msg],
        *,
        kernel: Kernel | None,
        memory: Memory,
        state: RunState | None = None,
        output: OutputContract[Any] | None = None,
        options: Mapping[str, object] | None = None,
        deadline: float | None = None,
        stream: bool = False,
    ) -> None:
        self.agent = agent
        self.memory = memory
        self.output = output
        self.options: Mapping[str, object] = options or {}
        self.new_id: Callable[[], str] = agent.new_id
        self.state = state or RunState(self.new_id(), agent.name, agent.max_iters)
        parent = current_run.get()
        self.scope: Scope = Scope(agent, self.state, kernel, parent.scope if parent is not None else None)
        self.chains: Chains = chains_of(agent, kernel)
        self.events = self._make_events(stream)
        self._input = msgs
        self._input_stored = state is not None
        self._expires = None if deadline is None else asyncio.get_running_loop().time() + deadline
        self._work: asyncio.Task[Msg] | None = None
        self._interruption: Interruption | None = None
        self._model_call: Callable[[ModelRequest], AsyncGenerator[Chunk, None]] | None = None
        self.ended = False

    def _make_events(self, stream: bool) -> RunEvents | None:
        if not stream and not self.chains.on_event:
            return None
        subscriptions = list(self.chains.subscriptions(self.scope))
        if not stream and not subscriptions:
            return None
        from trouplet.events import Origin
        from trouplet.run_events import RunEvents

        parent = self.scope.parent
        origin = Origin(self.state.run_id, self.agent.id, self.agent.name, parent.run_id if parent else None)
        return RunEvents(origin, subscriptions, stream=stream)

    # --- what loops and agents use

    @property
    def deadline(self) -> float | None:
        """The seconds that are left of the run's deadline."""
        return None if self._expires is None else max(0.0, self._expires - asyncio.get_running_loop().time())

    def message(
        self, content: Iterable[ContentBlock], *, id: str | None = None, metadata: Mapping[str, object] | None = None
    ) -> Msg:
        """Make a message of the agent, with an id and a time from the agent's own sources."""
        return Msg(
            self.agent.name, tuple(content), "assistant", metadata or {}, id or self.new_id(), self.agent.clock()
        )

    def model_call(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Call the agent's model through the middleware."""
        call = self._model_call
        if call is None:
            from trouplet.negotiation import negotiate

            own = self.agent.model

            def ask(request: ModelRequest) -> AsyncGenerator[Chunk, None]:
                model = request.model or own
                return model.stream(negotiate(request, model.info))

            call = self._model_call = self.chains.wrap("wrap_model_call", ask, self.scope)
        return call(request)

    def note(self, text: str) -> None:
        """Say that the run does something differently than asked, and why; the same words count once."""
        if text in self.state.notes:
            return
        self.state.notes.append(text)
        if self.events is not None:
            from trouplet.events import NoteAdded

            self.events.emit(NoteAdded, text)

    async def take_input(self, msgs: Sequence[Msg]) -> None:
        """Store the run's new messages."""
        self._input_stored = True
        if msgs:
            await self.memory.add(msgs)

    def settle(self, call: ToolUseBlock, result: ToolResultBlock) -> None:
        """Note the result of a call."""
        self.state.results[call.id] = result
        self.state.asks.pop(call.id, None)
        if self.events is not None:
            self.events.tool_ended(result)

    def decide(self, decisions: Decisions) -> None:
        """Take a human's answers to what the run asked."""
        from trouplet.tool_calls import closing_result
        from trouplet.tool_io import Allow, Deny

        for call in self.state.open_calls:
            decision = decisions.get(call.id)
            if isinstance(decision, Allow):
                self.state.approved.append(call.id)
                del self.state.asks[call.id]
            elif isinstance(decision, Deny):
                self.settle(call, closing_result(call, "denied", f"The call was not allowed: {decision.reason}"))
            elif decision is not None:
                self.settle(call, decision)

    async def store_results(self) -> None:
        """Store the results of the last answer's calls as one message, in the order of the calls."""
        state = self.state
        results = [state.results[call.id] for call in state.calls]
        message = Msg(self.agent.name, tuple(results), "tool", {}, self.new_id(), self.agent.clock())
        await self.memory.add([message])
        state.calls, state.results, state.started, state.approved = [], {}, [], []

    async def shielded(self, work: Coroutine[Any, Any, T]) -> T:
        """Finish a piece of clean-up even when the task is cancelled meanwhile, for at most ``GRACE`` seconds."""
        task = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=GRACE)
            task.cancel()
            raise

    # --- the life of the run

    async def execute(self) -> Reply[object]:
        """Run to the end, or to where it parks, and return the reply."""
        watchers = watched_by.get() if self.scope.parent is None else None
        if watchers is None:
            return await self._execute()
        watchers.add(self)
        try:
            return await self._execute()
        finally:
            watchers.discard(self)

    async def _execute(self) -> Reply[object]:
        caller = asyncio.current_task()
        assert caller is not None
        cancelled_before = caller.cancelling()
        if self.events is not None:
            from trouplet.events import RunStarted

            self.events.emit(RunStarted, tuple(self._input))
        try:
            async with self.agent.turn(self):
                try:
                    reply = await self._start()
                    if caller.cancelling() > cancelled_before:
                        raise asyncio.CancelledError
                except asyncio.CancelledError:
                    if self._interruption is None or caller.cancelling() > cancelled_before:
                        await self.shielded(self._repair("The call was stopped before it ended."))
                        raise
                    reply = await self._interrupted(self._interruption)
                except Exception:
                    await self._repair("The call was stopped, because the run failed.")
                    raise
        except BaseException as error:
            self._end(_status_of(error), None, error)
            raise
        made = self._reply_from(reply)
        self._end(made.status, made, None)
        return made

    async def _start(self) -> Msg:
        if self._interruption is not None:
            raise asyncio.CancelledError
        self._work = asyncio.create_task(self._reply())
        return await self._work

    async def _reply(self) -> Msg:
        """The work itself: the agent's ``reply`` between its hooks."""
        current_run.set(self)
        chains, scope = self.chains, self.scope
        if scope.kernel is not None:
            await scope.kernel.ready()
        msgs: Sequence[Msg] = self._input
        if chains.before_reply:
            msgs = await chains.pipe("before_reply", msgs, scope)
        call: Callable[[Sequence[Msg]], Awaitable[Msg]] = self._call_agent
        if chains.wrap_reply:
            call = chains.wrap("wrap_reply", call, scope)
        reply = await call(msgs)
        if chains.after_reply:
            reply = await chains.pipe("after_reply", reply, scope)
        return reply

    def _call_agent(self, msgs: Sequence[Msg]) -> Awaitable[Msg]:
        return self.agent.reply(msgs, self)

    async def _repair(self, why: str) -> None:
        """Make the history valid: the input is there, and each call has its result."""
        if not self._input_stored:
            await self.take_input(self._input)
        state = self.state
        if not state.calls:
            return
        from trouplet.tool_calls import closing_result

        for call in state.open_calls:
            if call.id in state.started:
                self.settle(call, closing_result(call, "interrupted", why))
            else:
                self.settle(call, closing_result(call, "not_started", "The call was not started. " + why))
        await self.store_results()

    async def _interrupted(self, interruption: Interruption) -> Msg:
        """Turn an interruption into the reply that ``handle_interrupt`` decides."""
        if self.state.status == "completed" and self.state.reply is not None:
            return self.state.reply
        await self.shielded(self._repair("The user interrupted it."))
        self.state.status = "interrupted"
        if interruption.message is not None:
            if self.events is not None:
                from trouplet.events import MessagesObserved

                self.events.emit(MessagesObserved, (interruption.message,))
            await self.memory.add([interruption.message])
        return await self.agent.handle_interrupt(self, interruption.message)

    def _reply_from(self, msg: Msg) -> Reply[object]:
        state = self.state
        return Reply(
            msg.name,
            msg.content,
            msg.role,
            msg.metadata,
            msg.id,
            msg.timestamp,
            output=self.output.value if self.output is not None and state.status == "completed" else None,
            status=state.status or "completed",
            usage=state.usage,
            run_id=state.run_id,
            notes=tuple(state.notes),
            asks=dict(state.asks),
        )

    def _end(self, status: RunStatus, reply: Msg | None, error: BaseException | None) -> None:
        self.ended = True
        self.state.status = status
        if self.events is not None:
            from trouplet.events import RunEnded

            self.events.emit(RunEnded, status, reply, self.state.usage, error)
            self.events.close()
        if self._interruption is not None:
            self._interruption.resolve()

    @property
    def interrupted(self) -> bool:
        """Whether ``interrupt()`` was called on this run."""
        return self._interruption is not None

    def interrupt(self, interruption: Interruption) -> None:
        """Stop the run; it then resolves to the reply of ``handle_interrupt``."""
        if self.ended or self._interruption is not None:
            interruption.resolve()
            return
        self._interruption = interruption
        if self._work is not None:
            self._work.cancel()


def _status_of(error: BaseException) -> RunStatus:
    if isinstance(error, asyncio.CancelledError):
        return "interrupted"
    return "limit" if isinstance(error, BudgetExceeded) else "failed"


class Interruption:
    """What ``agent.interrupt()`` returns: await it to wait until the interrupted runs have ended."""

    def __init__(self, message: Msg | None, runs: int) -> None:
        self.message = message
        self._open = runs
        self._ended = asyncio.Event()
        if not runs:
            self._ended.set()

    def resolve(self) -> None:
        """One of the runs has ended."""
        self._open -= 1
        if self._open <= 0:
            self._ended.set()

    def __await__(self) -> Any:
        return self._ended.wait().__await__()
