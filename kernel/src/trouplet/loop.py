"""The reason-act loop as a state machine.

``next_action`` computes what to do next from the ``RunState`` alone. ``ReasonActLoop`` does it and writes down what
came of it. So a run can stop between any two actions and go on later, here or elsewhere.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trouplet.cancellation import raise_if_cancelled
from trouplet.errors import BudgetExceeded, ModelError, OutputMissing, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolUseBlock, new_id
from trouplet.model_io import ModelRequest, Usage
from trouplet.response import ResponseBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from trouplet.agent import ReActAgent
    from trouplet.agent_run import Run
    from trouplet.events import RunStatus
    from trouplet.messages import ContentBlock
    from trouplet.model_io import ModelResponse
    from trouplet.partial_output import OutputReader
    from trouplet.run_state import RunState
    from trouplet.tool_calls import ToolCalls


LONGEST_ID = 40
LONGEST_NAME = 64
"""What the strictest provider (OpenAI) takes for the id of a call and the name of a tool."""


@dataclass(slots=True)
class Action:
    """What a run does next.

    It asks the model, runs ``calls``, stores the results of the last calls in the history, waits for a human, or
    ends with ``status``.
    """

    kind: Literal["call_model", "run_tools", "store_results", "ask_human", "finish"]
    calls: Sequence[ToolUseBlock] = ()
    status: RunStatus | None = None


_CALL_MODEL = Action("call_model")
_STORE_RESULTS = Action("store_results")
_ASK_HUMAN = Action("ask_human")
_COMPLETED = Action("finish", status="completed")
_LIMIT = Action("finish", status="limit")


def next_action(state: RunState) -> Action:
    """Return what to do next. Pure: the same state gives the same action."""
    if state.calls:
        waiting = state.open_calls
        runnable = [call for call in waiting if call.id not in state.asks]
        if runnable:
            return Action("run_tools", runnable)
        return _ASK_HUMAN if waiting else _STORE_RESULTS
    if state.answered or state.output is not None:
        return _COMPLETED
    if state.step >= state.max_iters:
        return _LIMIT
    return _CALL_MODEL


class ReasonActLoop:
    """Drives one run of a ``ReActAgent`` from its state."""

    __slots__ = ("_agent", "_run", "_tools")

    def __init__(self, agent: ReActAgent, run: Run) -> None:
        self._agent = agent
        self._run = run
        self._tools: ToolCalls | None = None

    async def execute(self) -> Msg:
        """Go on until the run is finished or parked; return the reply."""
        state = self._run.state
        while True:
            raise_if_cancelled()
            action = next_action(state)
            match action.kind:
                case "call_model":
                    await self._reason()
                case "run_tools":
                    await self._act(action.calls)
                case "store_results":
                    await self._store_results()
                case "ask_human":
                    state.status = "parked"
                    return self._parked()
                case "finish":
                    state.status = action.status
                    return await self._final()

    def _parked(self) -> Msg:
        questions = [ask.question for ask in self._run.state.asks.values()]
        return self._notice(f"The run waits for a decision: {'; '.join(questions)}")

    async def _final(self) -> Msg:
        state = self._run.state
        if state.status == "limit":
            if self._run.output is not None:
                raise OutputMissing(
                    f"{self._agent.name} gave no valid output in {state.step} steps", fix="Raise max_iters"
                )
            notice = self._notice(
                f"I stopped after {state.step} steps without an answer: that is the limit of this run."
            )
            await self._run.memory.add([notice])
            return notice
        assert state.reply is not None, "a completed run has an answer"
        return state.reply

    def _notice(self, text: str) -> Msg:
        return self._run.message([TextBlock(text)])

    async def _reason(self) -> None:
        run, state = self._run, self._run.state
        request = await self._request()
        state.step += 1
        response, message = await self._answer(request)
        if run.chains.after_reasoning:
            replaced = await run.chains.pipe("after_reasoning", response, run.scope)
            if replaced is not response:
                response, message = replaced, run.message(replaced.content, id=message.id)
        state.usage += response.usage
        await self._take(response, message)

    async def _request(self) -> ModelRequest:
        run, agent = self._run, self._agent
        history = await run.memory.get()
        system = agent.system_message
        request = ModelRequest(
            [system, *history] if system is not None else history,
            agent.toolkit.schemas if agent.toolkit is not None else (),
            options=run.options,
            formatter=agent.formatter_for(history),
            deadline=run.deadline,
        )
        if run.output is not None:
            run.output.prepare(request, agent.model.info)
        if run.chains.before_reasoning:
            request = await run.chains.pipe("before_reasoning", request, run.scope)
        return request

    async def _answer(self, request: ModelRequest) -> tuple[ModelResponse, Msg]:
        """Call the model and collect its answer. What arrived of one that breaks off is kept, but for its tool
        calls.
        """
        run = self._run
        builder = ResponseBuilder()
        message_id = run.new_id()
        events = run.events
        if events is not None:
            events.model_call_started(run.state.step, self._agent.model.info.id, message_id)
        try:
            async with aclosing(run.model_call(request)) as chunks:
                if events is None:
                    add = builder.add
                    async for chunk in chunks:
                        add(chunk)
                else:
                    output = self._output_reader()
                    async for chunk in chunks:
                        events.chunk(builder.add(chunk), chunk)
                        if output is not None:
                            output.take(chunk)
                        if events.behind:
                            await events.caught_up()
                    if output is not None:
                        output.finish()
            if builder.finish is None:
                raise StreamInterrupted(
                    f"the answer of {self._agent.model.info.id} ended before it was complete",
                    provider=self._agent.model.info.provider,
                )
        except BaseException as error:
            await self._keep_partial(builder, message_id, error)
            raise
        response = builder.response()
        message = run.message(_storable(response.content, run.state.call_ids), id=message_id)
        if events is not None:
            events.model_call_ended(response.finish_reason, response.usage, message)
        return response, message

    def _output_reader(self) -> OutputReader | None:
        run = self._run
        if run.output is None or run.events is None:
            return None
        from trouplet.partial_output import OutputReader

        return OutputReader(run.output, run.events)

    async def _keep_partial(self, builder: ResponseBuilder, message_id: str, error: BaseException) -> None:
        run = self._run
        if not isinstance(error, BudgetExceeded):
            run.state.usage += Usage.not_reported()
        if isinstance(error, ModelError) and not error.partial:
            error.partial = builder.text
        content = [block for block in builder.blocks(calls=False) if isinstance(block, TextBlock)]
        message = run.message(content, id=message_id, metadata={"incomplete": True}) if content else None
        if run.events is not None:
            run.events.model_call_ended(None, Usage.not_reported(), message)
        if message is not None:
            await run.shielded(run.memory.add([message]))

    async def _take(self, response: ModelResponse, message: Msg) -> None:
        """Store an answer and note what follows from it."""
        run, state = self._run, self._run.state
        calls = message.blocks(ToolUseBlock)
        hint = None
        if not calls:
            if run.output is not None:
                hint = run.output.take_text(message, state)
            state.answered = hint is None
            state.reply = message
        state.calls = calls
        state.call_ids += [call.id for call in calls]
        if message.content:
            await run.memory.add([message])
        elif hint is None and not calls:
            run.note("the model gave an empty answer")
        if hint is not None:
            await run.memory.add([hint])
        if calls and response.finish_reason not in ("stop", "tool_calls"):
            self._refuse(calls, response.finish_reason)

    def _refuse(self, calls: Sequence[ToolUseBlock], reason: str) -> None:
        """Close the calls of an answer that was cut off: they may be incomplete even where they look whole."""
        from trouplet.tool_calls import closing_result

        why = f"The call was not run: the answer was cut off ({reason}). Make the call again, with shorter arguments."
        for call in calls:
            self._run.settle(call, closing_result(call, "not_started", why))

    async def _act(self, calls: Sequence[ToolUseBlock]) -> None:
        if self._tools is None:
            from trouplet.tool_calls import ToolCalls

            self._tools = ToolCalls(self._agent, self._run)
        await self._tools.execute(calls)

    async def _store_results(self) -> None:
        run, state = self._run, self._run.state
        await run.store_results()
        if state.output is not None and run.output is not None:
            state.reply = await run.output.reply(run)


def _storable(content: Sequence[ContentBlock], taken: Sequence[str]) -> list[ContentBlock]:
    """Return an answer as every provider takes it back.

    A call that came without an id, with one that this run has seen or one that is too long gets a fresh one; what no
    tool can be called is replaced in a name that the model made up. An answer that is nothing but thinking is none.
    """
    seen = set(taken)
    made: list[ContentBlock] = []
    for block in content:
        if isinstance(block, ToolUseBlock):
            made.append(_storable_call(block, seen))
        else:
            made.append(block)
    return made if any(not isinstance(block, ThinkingBlock) for block in made) else []


def _storable_call(call: ToolUseBlock, seen: set[str]) -> ToolUseBlock:
    id, name = call.id, call.name
    if not id or id in seen or len(id) > LONGEST_ID:
        id = f"call_{new_id()}"
    if len(name) > LONGEST_NAME or not name.isascii() or not name.replace("-", "_").isidentifier():
        letters = [letter if letter.isascii() and letter.isalnum() else "_" for letter in name]
        name = "".join(letters if letters and not letters[0].isdigit() else ["_", *letters])[:LONGEST_NAME]
    seen.add(id)
    return call if id == call.id and name == call.name else replace(call, id=id, name=name)
