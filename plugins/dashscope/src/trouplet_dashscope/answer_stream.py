"""Reads a streamed answer.

It is complete when it has said its ``finish_reason``; an end without one is an answer that broke off, and a connection
that is lost after it has cost nothing. Most objects of a long answer are one piece of text and nothing else: they take
a short way through ``read_stream``, the first one and all others go through ``Answer``.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet.messages import MediaBlock, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.response import ResponseBuilder
from trouplet_dashscope.answer import Answer
from trouplet_dashscope.provider_errors import error_in_answer, refined
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trouplet.messages import ContentBlock
    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent

    Events = AsyncGenerator[list[ServerSentEvent], None]


async def read_stream(open_stream: Callable[[], Awaitable[Events]], *, provider: str) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens; every error carries the text so far."""
    answer = Answer(provider)
    keep = answer.texts.append
    begun = False
    try:
        async with aclosing(await open_stream()) as batches:
            async for events in batches:
                for event in events:
                    said = _parsed(event, answer)
                    text = plain_text(said) if begun and not answer.thinks else None
                    if text is not None:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    begun = True
                    for made in answer.add(said):
                        yield made
    except ModelError as error:
        error.partial = answer.partial
        if not (answer.done and isinstance(error, (StreamInterrupted, DeadlineExceeded))):
            raise refined(error, provider=provider) from error.__cause__
    if not answer.done:
        raise answer.broken_off("It ended without a finish_reason")
    for made in answer.finish():
        yield made


async def collected(chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """Yield a streamed answer as whole blocks, for who does not want a stream of what is given as nothing else."""
    builder = ResponseBuilder()
    finish: Finish | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            builder.add(chunk)
            finish = chunk if isinstance(chunk, Finish) else finish
    assert finish is not None, "a stream without its Finish raises"
    for index, block in enumerate(builder.blocks()):
        yield _chunk(block, index)
    yield finish


def _chunk(block: ContentBlock, index: int) -> Chunk:
    match block:
        case TextBlock():
            return TextChunk(block.text, block.extra)
        case ThinkingBlock():
            return ThinkingChunk(block.thinking, block.extra)
        case ToolUseBlock():
            return ToolCallChunk(index, block.raw_input, block.id, block.name, block.extra)
        case _:
            assert isinstance(block, MediaBlock), "an answer holds no results"
            return MediaChunk(block)


def _parsed(event: ServerSentEvent, answer: Answer) -> object:
    """Parse the data of one event; raise the error that an event of that name is."""
    try:
        said = loads(event.data)
    except (ValueError, RecursionError) as error:
        raise answer.invalid(f"{error} in {redact(event.data[:200])!r}") from None
    if event.event == "error":
        body = said if isinstance(said, dict) else {"message": str(said)}
        raise error_in_answer(body, provider=answer.provider, partial=answer.partial)
    return said


def plain_text(said: object) -> str | None:
    """The text of an object that is one piece of text and nothing else; None for every other object."""
    try:
        choice = said["output"]["choices"][0]  # type: ignore[index]
        message = choice["message"]
        text = message["content"]
        if choice["finish_reason"] != "null" or message.get("reasoning_content") or message.get("tool_calls"):
            return None
        if type(text) is list and len(text) == 1:
            text = text[0]["text"]
    except (LookupError, TypeError, AttributeError):
        return None
    if type(text) is not str or not text or choice.get("logprobs") or said["output"].get("search_info"):  # type: ignore[index]
        return None
    return text
