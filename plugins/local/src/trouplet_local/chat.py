"""``LocalChatModel``: a chat model that runs in this process."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.errors import InvalidArguments, InvalidResponse
from trouplet.messages import TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk, Usage
from trouplet.response import ResponseBuilder
from trouplet_local.formatter import LocalChatFormatter
from trouplet_local.settings import DEFAULT_SAMPLING, check_sampling
from trouplet_local.step_reader import StepReader
from trouplet_local.steps import plain_schema, relaxed_schema, steps_schema, tools_prompt
from trouplet_local.stuck import stuck_on
from trouplet_local.turn import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet_local.engine import Engine


class LocalChatModel:
    """A model in an engine, which other models may share; whoever made the engine closes it.

    ``options`` are sampling options (``temperature``, ``max_tokens``, ``seed``, …); a request's own override them. With
    tools every answer begins with a thought, and calls are made one at a time.
    """

    def __init__(
        self,
        engine: Engine,
        info: ModelInfo,
        *,
        formatter: Formatter | None = None,
        stream: bool = True,
        options: Mapping[str, object] | None = None,
    ) -> None:
        check_sampling(options or {})
        self.info = info
        self.formatter: Formatter = formatter or LocalChatFormatter()
        self._engine = engine
        self._stream = stream
        self._options = {**DEFAULT_SAMPLING, **(options or {})}

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        answer = self._steps(request) if request.tools else self._plain(request)
        return answer if self._stream else _whole(answer)

    async def _plain(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Answer without tools: text, or JSON of the schema that was asked for."""
        schema = None if request.output_schema is None else plain_schema(request.output_schema)
        turn = Turn(self.info)
        async with aclosing(self._pieces(request, turn, schema)) as pieces:
            async for piece in pieces:
                yield TextChunk(piece)
        yield turn.finish()

    async def _steps(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Answer with a step. One that is not valid is asked for once more, with a grammar that asks less."""
        schema = steps_schema(
            request.tools, choice=request.tool_choice, output=request.output_schema, barred=stuck_on(request.messages)
        )
        used, problem = Usage.none(), ""
        for grammar in (schema, relaxed_schema(schema)):
            turn = Turn(self.info, used)
            reader = StepReader(answer_is_text=request.output_schema is None)
            async with aclosing(self._pieces(request, turn, grammar)) as pieces:
                async for piece in pieces:
                    for chunk in reader.feed(piece):
                        yield chunk
            try:
                last = list(reader.end())
            except InvalidArguments as error:
                if turn.reason != "length":
                    used, problem = turn.usage, str(error.why or error.what)
                    continue
                last = []  # cut off before it was whole: there is no call
            for chunk in last:
                yield chunk
            yield turn.finish(called=not reader.answered)
            return
        raise InvalidResponse(f"{self.info.id} gave no valid step in two attempts", provider="local", why=problem)

    async def _pieces(
        self, request: ModelRequest, turn: Turn, schema: Mapping[str, object] | None
    ) -> AsyncGenerator[str, None]:
        """Yield the text of one completion as it comes; what goes with it is noted in ``turn``."""
        body = await self._body(request)
        async with aclosing(self._engine.stream(body, schema=schema, deadline=request.deadline)) as chunks:
            async for chunk in chunks:
                piece = turn.take(chunk)
                if piece:
                    yield piece
        turn.check_complete()

    async def _body(self, request: ModelRequest) -> dict[str, object]:
        check_sampling(request.options)
        turns = await (request.formatter or self.formatter).format(request.messages)
        if request.tools:
            turns = _with_system(turns, tools_prompt(request.tools))
        return {"messages": turns, **self._options, **request.options}


def _with_system(turns: list[dict[str, object]], text: str) -> list[dict[str, object]]:
    """Add a text to the system prompt."""
    if turns and turns[0]["role"] == "system":
        first, *turns = turns
        text = f"{first['content']}\n\n{text}"
    return [{"role": "system", "content": text}, *turns]


async def _whole(answer: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """Collect an answer and yield its blocks whole."""
    builder = ResponseBuilder()
    async with aclosing(answer) as chunks:
        async for chunk in chunks:
            builder.add(chunk)
    for block in builder.blocks():
        match block:
            case TextBlock(text=text):
                yield TextChunk(text)
            case ThinkingBlock(thinking=thinking):
                yield ThinkingChunk(thinking)
            case ToolUseBlock(id=call_id, name=name, raw_input=arguments):
                yield ToolCallChunk(0, arguments, id=call_id, name=name)
            case _:
                raise AssertionError("a local model answers with text, thoughts and calls")
    assert builder.finish is not None
    yield builder.finish
