"""Agents: the base class, and the one that reasons and acts.

An agent holds configuration; what happens in a call is kept by its run. So one agent serves many runs at once: those on
the same memory take turns, those on different ones run side by side.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from trouplet.agent_run import Interruption, Run
from trouplet.chains import Hooks, chains_of
from trouplet.errors import BadInput
from trouplet.loop import ReasonActLoop
from trouplet.memory import InMemoryMemory
from trouplet.messages import Msg, TextBlock, now
from trouplet.messages import new_id as random_id
from trouplet.toolkit import Toolkit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from types import UnionType
    from typing import Any, Literal, TypeAlias, TypeVar, overload

    from trouplet.agent_run import Decisions
    from trouplet.chains import Chains
    from trouplet.kernel import Kernel
    from trouplet.ports import ChatModel, Formatter, Memory
    from trouplet.reply import Reply
    from trouplet.run_state import RunState
    from trouplet.run_stream import RunStream
    from trouplet.structured import OutputContract
    from trouplet.toolkit import ToolLike

    T = TypeVar("T")
    Input: TypeAlias = str | Msg | Sequence[Msg] | None


class _HooksOf:
    """``Agent.hooks`` is the class's own hooks, ``agent.hooks`` the agent's."""

    def __get__(self, agent: Agent | None, cls: type[Agent]) -> Hooks:
        holder, key = (cls, "_class_hooks") if agent is None else (agent, "_hooks")
        if key not in vars(holder):
            setattr(holder, key, Hooks())
        found: Hooks = vars(holder)[key]
        return found


class Agent:
    """The base of all agents. One's own agents override ``reply``.

    ``kernel`` is set by ``kernel.agent(...)``; agents without one have no plugins.
    """

    hooks = _HooksOf()
    clock: Callable[[], datetime] = staticmethod(now)
    new_id: Callable[[], str] = staticmethod(random_id)
    max_iters = 10

    def __init__(self, name: str, *, memory: Memory | None = None, kernel: Kernel | None = None) -> None:
        self.name = name
        self.id = random_id()
        self.kernel = kernel
        self.frozen: tuple[object, Chains] | None = None
        self._memory = memory
        self._runs: list[Run] = []
        self._turns: dict[int, tuple[asyncio.Lock, list[Run]]] | None = None
        if kernel is not None:
            self.clock, self.new_id = kernel.clock, kernel.new_id

    @property
    def memory(self) -> Memory:
        """The agent's own conversation: the one that calls use when they name no other."""
        if self._memory is None:
            self._memory = InMemoryMemory()
        return self._memory

    @property
    def model(self) -> ChatModel:
        """The model that ``run.model_call`` uses."""
        raise NotImplementedError(f"{type(self).__name__} has no model")

    # --- what one's own agents override

    async def reply(self, msgs: Sequence[Msg], run: Run) -> Msg:
        """Answer these messages. Store what belongs to the conversation in ``run.memory``."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it replies")

    async def handle_interrupt(self, run: Run, message: Msg | None) -> Msg:
        """Return the reply of a run that was interrupted; ``message`` is what the interrupter said.

        What had been said is kept: the reply is the unfinished answer when there is one, else a notice. Either way the
        model is told of the interruption on the next turn.
        """
        history = await run.memory.get()
        spoken = [msg for msg in history[-2:] if msg.metadata.get("incomplete") and msg.name == self.name]
        if spoken:
            if message is None:
                hint = "<system-info>The user interrupted the answer above.</system-info>"
                await run.memory.add([Msg("system", hint, "user", {}, self.new_id(), self.clock())])
            return spoken[-1]
        notice = run.message([TextBlock("I was interrupted before I could finish.")])
        await run.memory.add([notice])
        return notice

    # --- what users call

    if TYPE_CHECKING:

        @overload
        async def __call__(
            self,
            msg: Input = ...,
            *,
            output_type: type[T],
            memory: Memory | None = ...,
            deadline: float | None = ...,
            **options: object,
        ) -> Reply[T]: ...
        @overload
        async def __call__(
            self,
            msg: Input = ...,
            *,
            output_type: UnionType,
            memory: Memory | None = ...,
            deadline: float | None = ...,
            **options: object,
        ) -> Reply[Any]: ...
        @overload
        async def __call__(
            self,
            msg: Input = ...,
            *,
            output_type: None = ...,
            memory: Memory | None = ...,
            deadline: float | None = ...,
            **options: object,
        ) -> Reply[None]: ...

    async def __call__(
        self,
        msg: Input = None,
        *,
        output_type: type[Any] | UnionType | None = None,
        memory: Memory | None = None,
        deadline: float | None = None,
        **options: object,
    ) -> Reply[Any]:
        """Reply to a message and return when done.

        ``output_type`` asks for structured output (``reply.output``), ``memory`` takes another conversation than the
        agent's own, ``deadline`` limits the model calls of the run, in seconds altogether; other keywords are options
        of the model for this call.
        """
        run = self._new_run(msg, output_type, memory, deadline, options, stream=False)
        return await self._execute(run)

    def stream(
        self,
        msg: Input = None,
        *,
        output_type: type[Any] | UnionType | None = None,
        memory: Memory | None = None,
        deadline: float | None = None,
        **options: object,
    ) -> RunStream:
        """Reply to a message and deliver the events of the run: ``async for event in agent.stream("Hi")``."""
        from trouplet.run_stream import RunStream

        run = self._new_run(msg, output_type, memory, deadline, options, stream=True)
        return RunStream(run, self._execute)

    async def resume(
        self, state: RunState, decisions: Decisions, *, memory: Memory | None = None, **options: object
    ) -> Reply[Any]:
        """Go on with a parked run: ``decisions`` answers its ``asks``, by call id."""
        return await self._execute(self._resumed_run(state, decisions, memory, options, stream=False))

    def resume_stream(
        self, state: RunState, decisions: Decisions, *, memory: Memory | None = None, **options: object
    ) -> RunStream:
        """Go on with a parked run and deliver its events."""
        from trouplet.run_stream import RunStream

        return RunStream(self._resumed_run(state, decisions, memory, options, stream=True), self._execute)

    async def observe(self, msgs: Input) -> None:
        """Take in messages without replying."""
        from trouplet.run_state import RunState
        from trouplet.scope import Scope

        seen: Sequence[Msg] = as_messages(msgs)
        chains = chains_of(self, self.kernel)
        scope = Scope(self, RunState(self.new_id(), self.name, 0), self.kernel)
        if chains.before_observe:
            seen = await chains.pipe("before_observe", seen, scope)
        await self.memory.add(seen)
        if chains.after_observe:
            await chains.pipe("after_observe", seen, scope)

    def interrupt(self, message: Msg | str | None = None) -> Interruption:
        """Interrupt the agent's runs; await what is returned to wait until they have ended.

        To be called on the event loop's thread; from another thread, or a signal handler, use
        ``loop.call_soon_threadsafe(agent.interrupt)``.
        """
        said = Msg("user", message) if isinstance(message, str) else message
        runs = list(self._runs)
        interruption = Interruption(said, len(runs))
        for run in runs:
            run.interrupt(interruption)
        return interruption

    # --- how a run is made

    def _new_run(
        self,
        msg: Input,
        output_type: type[Any] | UnionType | None,
        memory: Memory | None,
        deadline: float | None,
        options: Mapping[str, object],
        *,
        stream: bool,
    ) -> Run:
        output: OutputContract[Any] | None = None
        if output_type is not None:
            from trouplet.structured import OutputContract

            output = OutputContract(output_type)
        return Run(
            self,
            as_messages(msg),
            kernel=self.kernel,
            memory=memory or self.memory,
            output=output,
            options=options,
            deadline=deadline,
            stream=stream,
        )

    def _resumed_run(
        self,
        state: RunState,
        decisions: Decisions,
        memory: Memory | None,
        options: Mapping[str, object],
        *,
        stream: bool,
    ) -> Run:
        state.status = None
        run = Run(
            self, (), kernel=self.kernel, memory=memory or self.memory, state=state, options=options, stream=stream
        )
        run.decide(decisions)
        return run

    async def _execute(self, run: Run) -> Reply[Any]:
        self._runs.append(run)
        try:
            return await run.execute()
        finally:
            self._runs.remove(run)

    @asynccontextmanager
    async def turn(self, run: Run) -> AsyncIterator[None]:
        """Wait until no other run of this agent uses the same memory."""
        turns = self._turns
        if turns is None:
            turns = self._turns = {}
        key = id(run.memory)
        lock, users = turns.setdefault(key, (asyncio.Lock(), []))
        users.append(run)
        try:
            async with lock:
                yield
        finally:
            users.remove(run)
            if not users:
                del turns[key]


class ReActAgent(Agent):
    """An agent that reasons and acts: it asks its model, runs the tools that the model calls, and goes on until the
    model answers without calling any.

    ``formatter=None`` is the model's own, made fit for several speakers when there is more than one besides the agent,
    or when another agent speaks. ``max_iters`` limits
    the model calls of one run. ``on_tool_error="raise"`` fails the run on a tool's exception instead of reporting it to
    the model.
    """

    def __init__(
        self,
        name: str,
        *,
        model: ChatModel,
        sys_prompt: str = "",
        formatter: Formatter | None = None,
        memory: Memory | None = None,
        toolkit: Toolkit | None = None,
        tools: Iterable[ToolLike] = (),
        max_iters: int = 10,
        parallel_tool_calls: bool = True,
        on_tool_error: Literal["report", "raise"] = "report",
        kernel: Kernel | None = None,
    ) -> None:
        super().__init__(name, memory=memory, kernel=kernel)
        if isinstance(model, str):
            raise BadInput(
                f"model={model!r} of a ReActAgent is a name", why="classes look nothing up",
                fix=f"Use kernel.agent(..., model={model!r}) or model=kernel.model({model!r})",
            )  # fmt: skip
        self._model = model
        self.sys_prompt = sys_prompt
        self.formatter = formatter
        self.toolkit = _toolkit(toolkit, tools)
        self.max_iters = max_iters
        self.parallel_tool_calls = parallel_tool_calls
        self.on_tool_error = on_tool_error
        self._system: Msg | None = None
        self._multi_agent: Formatter | None = None

    @property
    def model(self) -> ChatModel:
        """The agent's model."""
        return self._model

    @property
    def system_message(self) -> Msg | None:
        """The system prompt as a message; the same one until the prompt changes, so that it is formatted once."""
        if not self.sys_prompt:
            return None
        if self._system is None or self._system.text != self.sys_prompt:
            self._system = Msg("system", self.sys_prompt, "system")
        return self._system

    def formatter_for(self, history: Sequence[Msg]) -> Formatter | None:
        """Return the formatter for this history; None for the model's own."""
        if self.formatter is not None:
            return self.formatter
        own = (self.name, "system")  # hints of the system are nobody's words
        others = {(msg.role, msg.name) for msg in history if msg.name not in own and msg.role in ("user", "assistant")}
        if len(others) <= 1 and not any([role == "assistant" for role, _ in others]):
            return None
        if self._multi_agent is None:
            from trouplet.conversation import MultiAgentFormatter

            self._multi_agent = MultiAgentFormatter(self.model.formatter)
        return self._multi_agent

    async def reply(self, msgs: Sequence[Msg], run: Run) -> Msg:
        """Run the reason-act loop."""
        await run.take_input(msgs)
        return await ReasonActLoop(self, run).execute()


def _toolkit(toolkit: Toolkit | None, tools: Iterable[ToolLike]) -> Toolkit | None:
    """Return the toolkit to use; one that is given is never changed."""
    tools = list(tools)
    if not tools:
        return toolkit
    return Toolkit([*(toolkit or ()), *tools])


def as_messages(msgs: Input) -> tuple[Msg, ...]:
    """Return an agent's input as messages."""
    if msgs is None:
        return ()
    if isinstance(msgs, str):
        return (Msg("user", msgs),)
    if isinstance(msgs, Msg):
        return (msgs,)
    if isinstance(msgs, (list, tuple)) and all([isinstance(msg, Msg) for msg in msgs]):
        return tuple(msgs)
    raise BadInput(f"an agent was given a {type(msgs).__name__}", fix="Give a str, a Msg, a list of Msg, or None")
