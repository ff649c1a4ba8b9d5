"""Executes the tool calls of an answer: the one way in which a tool is ever run.

Each call passes the gate of ``before_acting``, is validated, runs under its tool's deadline with capped output, and
ends as exactly one result, which the model can act on. Only cancellation leaves a call without one; the run closes it
then.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from trouplet.cancellation import raise_if_cancelled
from trouplet.chains import gate
from trouplet.errors import InvalidArguments
from trouplet.messages import TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.response import parse_arguments
from trouplet.tool_io import Ask, Deny
from trouplet.tool_output import capped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Literal

    from trouplet.agent import ReActAgent
    from trouplet.agent_run import Run
    from trouplet.messages import ContentBlock
    from trouplet.ports import Tool

GATE_DEADLINE = 30.0
"""Seconds that a policy hook may take; after that the answer is no."""
STOP_GRACE = 5.0
"""Seconds that cancelled tools may take to clean up before they are left alone."""


def closing_result(
    call: ToolUseBlock, status: Literal["error", "interrupted", "not_started", "denied"], text: str
) -> ToolResultBlock:
    """Make the result of a call that did not end by itself."""
    return ToolResultBlock(call.id, call.name, (TextBlock(text),), status)


class ToolCalls:
    """Executes the calls of one run."""

    __slots__ = ("_agent", "_partial", "_run", "_wrapped")

    def __init__(self, agent: ReActAgent, run: Run) -> None:
        self._agent = agent
        self._run = run
        self._wrapped: Callable[[ToolUseBlock], Awaitable[ToolResultBlock]] | None = None
        self._partial: dict[str, list[tuple[ContentBlock, ...]]] = {}

    async def execute(self, calls: Sequence[ToolUseBlock]) -> None:
        """Execute these calls, at once or one after the other as the agent says; results go to the run."""
        if len(calls) == 1 or not self._agent.parallel_tool_calls:
            for call in calls:
                await self._settle(call)
                raise_if_cancelled()
            return
        tasks = [asyncio.create_task(self._settle(call)) for call in calls]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            await _stop(tasks)
            raise

    async def _settle(self, call: ToolUseBlock) -> None:
        run = self._run
        try:
            result = await self._judge(call)
        except asyncio.CancelledError:
            if call.id in run.state.started:
                run.settle(call, self._interrupted(call))
            raise
        if result is not None:
            run.settle(call, result)

    async def _judge(self, call: ToolUseBlock) -> ToolResultBlock | None:
        """Return the call's result; None when a human has to decide first."""
        run = self._run
        verdict: object = call
        tool = self._find(call.name)
        if call.id not in run.state.approved:
            if run.chains.before_acting:
                verdict = await gate(run.chains, call, run.scope, deadline=GATE_DEADLINE)
            if isinstance(verdict, ToolUseBlock) and tool is not None and tool.traits.requires_approval:
                call = verdict
                verdict = Ask(f"May {self._agent.name} call {call.name}?", {"input": dict(call.input)})
        if isinstance(verdict, Ask):
            self._ask(call, verdict)
            return None
        if isinstance(verdict, Deny):
            result = closing_result(call, "denied", f"The call was not allowed: {verdict.reason}")
        elif isinstance(verdict, ToolResultBlock):
            result = verdict
        else:
            assert isinstance(verdict, ToolUseBlock), f"before_acting returned {type(verdict).__name__}"
            result = await self._call(verdict)
        if run.chains.after_acting:
            result = await run.chains.pipe("after_acting", result, run.scope, before=(call,))
        if result.id != call.id:
            from dataclasses import replace

            result = replace(result, id=call.id)
        return result

    def _ask(self, call: ToolUseBlock, ask: Ask) -> None:
        """Note what a human has to decide; what is approved is the call as the gate left it."""
        run = self._run
        run.state.calls = [call if call.id == other.id else other for other in run.state.calls]
        run.state.asks[call.id] = ask
        if run.events is not None:
            from trouplet.events import ApprovalRequested

            run.events.emit(ApprovalRequested, call.id, ask.question)

    async def _call(self, call: ToolUseBlock) -> ToolResultBlock:
        run = self._run
        wrapped = self._wrapped
        if wrapped is None:
            wrapped = self._wrapped = cast(
                "Callable[[ToolUseBlock], Awaitable[ToolResultBlock]]",
                run.chains.wrap("wrap_tool_call", self.run_tool, run.scope),
            )
        return await wrapped(call)

    def _find(self, name: str) -> Tool | None:
        run = self._run
        if run.output is not None and name == run.output.tool.schema.name:
            return run.output.tool
        toolkit = self._agent.toolkit
        return toolkit.get(name) if toolkit is not None else None

    async def run_tool(self, call: ToolUseBlock) -> ToolResultBlock:
        """Validate and run one call; whatever goes wrong becomes its result."""
        tool = self._find(call.name)
        if tool is None:
            return closing_result(call, "error", self._unknown(call.name))
        try:
            arguments = tool.validate(call.input or parse_arguments(call.raw_input))
        except InvalidArguments as error:
            return closing_result(call, "error", f"Invalid arguments for {call.name}: {error.what} {error.why}".strip())
        return await self._run_tool(tool, call, arguments)

    async def _run_tool(self, tool: Tool, call: ToolUseBlock, arguments: object) -> ToolResultBlock:
        run = self._run
        run.state.started.append(call.id)
        if run.events is not None:
            run.events.tool_started(call)
        traits = tool.traits

        def emit(output: tuple[ContentBlock, ...]) -> None:
            self._partial.setdefault(call.id, []).append(output)
            if run.events is not None:
                run.events.tool_output(call.id, output)

        limit = asyncio.timeout(traits.deadline)
        try:
            async with limit:
                output = await tool.run(arguments, emit)  # type: ignore[arg-type]
        except TimeoutError as error:
            if not limit.expired():
                return self._failed(call, error)
            late = f"The call was stopped after its time limit of {traits.deadline:g} seconds."
            return closing_result(call, "error", f"{self._output_so_far(call)}{late}")
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._failed(call, RuntimeError(f"the tool cancelled itself {error}".strip()))
        except Exception as error:  # a tool boundary: the model is told, and goes on
            return self._failed(call, error)
        if run.output is not None and tool is run.output.tool:
            run.output.deliver(run.state)
        return ToolResultBlock(call.id, call.name, capped(output, traits.output_limit))

    def _failed(self, call: ToolUseBlock, error: Exception) -> ToolResultBlock:
        from trouplet.log import logger

        if self._agent.on_tool_error == "raise":
            raise error
        logger().info("tool_failed", tool=call.name, error=repr(error), exc_info=error)
        return closing_result(call, "error", f"{self._output_so_far(call)}{type(error).__name__}: {error}")

    def _interrupted(self, call: ToolUseBlock) -> ToolResultBlock:
        return closing_result(
            call, "interrupted", f"{self._output_so_far(call)}The call was interrupted before it ended."
        )

    def _output_so_far(self, call: ToolUseBlock) -> str:
        pieces = [
            block.text for output in self._partial.get(call.id, ()) for block in output if isinstance(block, TextBlock)
        ]
        if not pieces:
            return ""
        shown = capped((TextBlock("".join(pieces)),), 16 * 1024)
        return "".join([block.text for block in shown if isinstance(block, TextBlock)]) + "\n"

    def _unknown(self, name: str) -> str:
        names = [schema.name for schema in self._agent.toolkit.schemas] if self._agent.toolkit is not None else []
        return f"There is no tool {name!r}. The tools are: {', '.join(names) or 'none'}."


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their clean-up; one that does not end in time is left alone and logged."""
    for task in tasks:
        if not task.cancelling():  # who is cleaning up already is not disturbed
            task.cancel()
    _, late = await asyncio.wait(tasks, timeout=STOP_GRACE)
    if late:
        from trouplet.log import logger

        logger().error("tools_ignore_cancellation", count=len(late))
