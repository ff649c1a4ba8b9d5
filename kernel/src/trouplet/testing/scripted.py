"""A chat model that says what its script says, and fails when it is called differently.

A script is a list of steps, one per model call. A step is

- a string: the text of the answer;
- a block, or a list that mixes strings, blocks and ``call(...)``: an answer with thinking, text and tool calls;
- an exception: raised by the call; within a list, raised after what stands before it;
- a list with chunks in it: streamed exactly as given; without a ``Finish`` among them it is a stream that breaks off;
- a function of the request that returns one of these (it may be async), or an async generator function of chunks;
- a ``Step``: one of these together with what the request must look like and how the answer is given.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence

from trouplet.errors import BadSetting, ScriptMismatch
from trouplet.messages import (
    AudioBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    VideoBlock,
)
from trouplet.model_io import (
    CAPABILITIES,
    Finish,
    MediaChunk,
    ModelInfo,
    ModelRequest,
    TextChunk,
    ThinkingChunk,
    ToolCallChunk,
    Usage,
)
from trouplet.testing.plain_formatter import PlainFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self, TypeAlias

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import Capability, Chunk, FinishReason
    from trouplet.ports import Formatter

    Part: TypeAlias = str | ContentBlock | Chunk | Exception
    Answer: TypeAlias = Part | Sequence[Part]
    Reaction: TypeAlias = Callable[[ModelRequest], Answer | Awaitable[Answer] | AsyncGenerator[Chunk, None]]
    Expectation: TypeAlias = str | Callable[[ModelRequest], object]


def call(tool: str, /, **arguments: object) -> ToolUseBlock:
    """Make the call of a tool for a script; the model gives it its id."""
    return ToolUseBlock("", tool, arguments)


class Step:
    """One answer of a script, with what goes with it.

    ``expects`` is text that the last message must contain, or a function of the request that returns False or raises
    when the request is not the expected one. ``complete=False`` breaks the stream off before its ``Finish``.
    """

    __slots__ = ("answer", "chunk_size", "complete", "expects", "finish_reason", "usage")

    def __init__(
        self,
        answer: Answer | Reaction,
        *,
        expects: Expectation | None = None,
        usage: Usage | None = None,
        finish_reason: FinishReason | None = None,
        chunk_size: int | None = None,
        complete: bool = True,
    ) -> None:
        self.answer = answer
        self.expects = expects
        self.usage = usage
        self.finish_reason: FinishReason | None = finish_reason
        self.chunk_size = chunk_size
        self.complete = complete


class ScriptedModel:
    """A chat model whose n-th call is answered by the n-th step of ``steps``.

    ``requests`` holds the requests so far. ``chunk_size`` cuts text and arguments into pieces of so many characters.
    ``usage`` is reported by each call whose step has none of its own. Use it as a context manager, or call
    ``assert_done()``, to make steps that were not asked for an error.
    """

    def __init__(
        self,
        steps: Iterable[Answer | Reaction | Step] = (),
        *,
        name: str = "scripted",
        chunk_size: int | None = None,
        usage: Usage | None = None,
        capabilities: frozenset[Capability] = CAPABILITIES - {"json_schema_tools"},
        formatter: Formatter | None = None,
    ) -> None:
        self.info = ModelInfo("test", name, capabilities)
        self.formatter: Formatter = formatter or PlainFormatter()
        self.requests: list[ModelRequest] = []
        self._steps = [step if isinstance(step, Step) else Step(step) for step in steps]
        self._chunk_size = chunk_size
        self._usage = usage
        self._calls = 0
        self._mismatch: ScriptMismatch | None = None

    @property
    def remaining(self) -> int:
        """How many steps have not been asked for yet."""
        return max(0, len(self._steps) - len(self.requests))

    def add(self, *steps: Answer | Reaction | Step) -> None:
        """Append steps to the script."""
        self._steps += [step if isinstance(step, Step) else Step(step) for step in steps]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Answer with the next step; ``ScriptMismatch`` when there is none, or when it expects another request."""
        from asyncio import sleep
        from contextlib import aclosing

        step = self._next_step(request)
        await sleep(0)  # as with every real model, others get their turn while this one is asked
        answer = step.answer(request) if callable(step.answer) else step.answer
        if isinstance(answer, AsyncGenerator):
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        said = await answer if isinstance(answer, Awaitable) else answer
        for chunk in self._chunks(step, _parts(said)):
            yield chunk

    def _next_step(self, request: ModelRequest) -> Step:
        number = len(self.requests)
        self.requests.append(_snapshot(request))
        if number >= len(self._steps):
            raise self._failed(
                f"the script of {self.info.id} has {_count(len(self._steps))} and was asked for one more",
                why="The last message was " + _describe(request.messages),
            )
        step = self._steps[number]
        if not _meets(request, step.expects):
            raise self._failed(
                f"call {number + 1} of {self.info.id} is not the one that its script expects",
                why=f"The last message was {_describe(request.messages)}",
            )
        return step

    def _failed(self, what: str, *, why: str) -> ScriptMismatch:
        fix = "Correct the script, or what calls the model"
        self._mismatch = ScriptMismatch(what, provider="test", why=why, fix=fix)
        return self._mismatch

    def _chunks(self, step: Step, parts: Sequence[Part]) -> Iterator[Chunk]:
        raw = called = False
        size = step.chunk_size or self._chunk_size
        for index, part in enumerate(parts):
            if isinstance(part, Exception):
                raise part
            if isinstance(part, (TextChunk, ThinkingChunk, ToolCallChunk, MediaChunk, Finish)):
                raw = True
                yield part
            elif isinstance(part, ToolUseBlock):
                called = True
                yield from self._call_chunks(part, index, size)
            else:
                yield from _block_chunks(part, size)
        if step.complete and not raw:
            usage = step.usage or self._usage or Usage(10, 5)
            reason = step.finish_reason or ("tool_calls" if called else "stop")
            yield Finish(reason, usage, model=self.info.name)

    def _call_chunks(self, block: ToolUseBlock, index: int, size: int | None) -> Iterator[Chunk]:
        self._calls += 1
        arguments = block.raw_input
        if not arguments and block.input:
            import json

            arguments = json.dumps(block.input)
        first, *rest = _pieces(arguments or "{}", size)
        yield ToolCallChunk(index, first, block.id or f"call_{self._calls}", block.name, block.extra)
        for piece in rest:
            yield ToolCallChunk(index, piece)

    def assert_done(self) -> None:
        """Raise ``ScriptMismatch`` when steps are left, and again when a call did not fit the script."""
        if self._mismatch is not None:
            raise self._mismatch
        if self.remaining:
            raise ScriptMismatch(
                f"{_count(self.remaining)} of the script of {self.info.id} were not asked for",
                provider="test",
                why=f"It was called {len(self.requests)} times",
                fix="Remove them, or look for what ended the run early",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.assert_done()


def _parts(answer: Answer) -> Sequence[Part]:
    if isinstance(answer, (str, Exception)) or not isinstance(answer, Sequence):
        return (answer,)
    return answer


def _block_chunks(part: str | ContentBlock, size: int | None) -> Iterator[Chunk]:
    match part:
        case str():
            yield from [TextChunk(piece) for piece in _pieces(part, size)]
        case TextBlock(text=text, extra=extra):
            *pieces, last = _pieces(text, size)
            yield from [TextChunk(piece) for piece in pieces]
            yield TextChunk(last, extra)
        case ThinkingBlock(thinking=text, extra=extra):
            *pieces, last = _pieces(text, size)
            yield from [ThinkingChunk(piece) for piece in pieces]
            yield ThinkingChunk(last, extra)
        case ImageBlock() | AudioBlock() | VideoBlock():
            yield MediaChunk(part)
        case _:
            fix = "Give text, blocks, calls, chunks or an exception"
            raise BadSetting(f"a script cannot answer with {part!r}", fix=fix)


def _pieces(text: str, size: int | None) -> list[str]:
    if not size or len(text) <= size:
        return [text]
    return [text[start : start + size] for start in range(0, len(text), size)]


def _snapshot(request: ModelRequest) -> ModelRequest:
    """Copy a request: its message list may be the memory's own and grow later."""
    return ModelRequest(
        tuple(request.messages),
        tuple(request.tools),
        request.tool_choice,
        request.output_schema,
        dict(request.options),
        request.formatter,
        request.deadline,
        request.retry,
        request.model,
    )


def _meets(request: ModelRequest, expects: Expectation | None) -> bool:
    if expects is None:
        return True
    if isinstance(expects, str):
        return bool(request.messages) and expects in _said(request.messages[-1])
    return expects(request) is not False


def _said(msg: Msg) -> str:
    return "\n".join([msg.text, *[result.text for result in msg.blocks(ToolResultBlock)]]).strip()


def _describe(messages: Sequence[Msg]) -> str:
    if not messages:
        return "not there: the request had no messages"
    last = messages[-1]
    return f"{last.role} {last.name!r}: {_said(last)[:500]!r}"


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
