"""A plain function as a tool: synchronous, async, generator or async generator."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING

from trouplet.threads import run_in_thread
from trouplet.tool_io import ToolTraits
from trouplet.tool_output import as_output
from trouplet.tool_schema import argument_check, routine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from typing import Any

    from trouplet.messages import ContentBlock
    from trouplet.model_io import ToolSchema

    Output = tuple[ContentBlock, ...]
    Emit = Callable[[Output], None]


class FunctionTool:
    """A function that a model can call.

    A synchronous function runs in a thread. What a generator yields is the output piece by piece, shown as it comes;
    the whole output is the pieces together.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        traits: ToolTraits | None = None,
    ) -> None:
        self.function = function
        self._check = argument_check(function, name=name, description=description)
        self.schema: ToolSchema = self._check.schema
        self.traits = traits or ToolTraits()
        self._call = _caller(function)

    def validate(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Return the arguments with their declared types; raises ``InvalidArguments``."""
        return self._check.validate(arguments)

    async def run(self, arguments: Mapping[str, object], emit: Emit) -> Output:
        """Call the function with validated arguments."""
        if self._call is None:
            work = functools.partial(self._in_thread, arguments, emit, asyncio.get_running_loop())
            return await run_in_thread(work, name=self.schema.name)
        result = self._call(**arguments)
        if inspect.isawaitable(result):
            result = await result
        if inspect.isasyncgen(result):
            return await _collect(result, emit)
        return as_output(result)

    def _in_thread(self, arguments: Mapping[str, object], emit: Emit, loop: asyncio.AbstractEventLoop) -> Output:
        result = self.function(**arguments)
        if not inspect.isgenerator(result):
            return as_output(result)
        return _exhaust(result, lambda output: loop.call_soon_threadsafe(emit, output))


def _caller(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what may be called on the event loop; None for a function that has to run in a thread."""
    target = routine(function)
    on_loop = inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)
    return function if on_loop else None


async def _collect(pieces: AsyncIterator[object], emit: Emit) -> Output:
    output: list[ContentBlock] = []
    try:
        async for piece in pieces:
            made = as_output(piece)
            emit(made)
            output += made
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]
    return joined(output)


def _exhaust(pieces: Iterator[object], emit: Callable[[Output], object]) -> Output:
    output: list[ContentBlock] = []
    for piece in pieces:
        made = as_output(piece)
        emit(made)
        output += made
    return joined(output)


def joined(blocks: list[ContentBlock]) -> Output:
    """Join text blocks that follow each other."""
    from trouplet.messages import TextBlock

    made: list[ContentBlock] = []
    pieces: list[str] = []
    for block in [*blocks, None]:
        if isinstance(block, TextBlock):
            pieces.append(block.text)
            continue
        if pieces:
            made.append(TextBlock("".join(pieces)))
            pieces = []
        if block is not None:
            made.append(block)
    return tuple(made)


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    deadline: float | None = 300.0,
    output_limit: int = 64 * 1024,
    idempotent: bool = False,
    read_only: bool = False,
    requires_approval: bool = False,
) -> Any:
    """Make a tool of a function, with its traits: ``@tool`` or ``@tool(deadline=5)``."""
    traits = ToolTraits(deadline, output_limit, idempotent, read_only, requires_approval)

    def make(function: Callable[..., Any]) -> FunctionTool:
        return FunctionTool(function, name=name, description=description, traits=traits)

    return make if function is None else make(function)
