"""Reads a streamed answer.

A stream is complete when a ``finishReason`` has come, or the reason why the prompt was blocked; there is no last event
after it. A connection that is lost then has cost nothing but the usage. Most chunks of a long answer are one piece of
text and nothing else: they take a short way through ``read_stream``, all others go through ``Answer``.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet.model_io import TextChunk
from trouplet_gemini.answer import Answer
from trouplet_gemini.provider_errors import error_in_answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent

    Events = AsyncGenerator[list[ServerSentEvent], None]


async def read_stream(open_stream: Callable[[], Awaitable[Events]], *, provider: str) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens; every error carries the text so far."""
    answer = Answer(provider)
    keep = answer.texts.append
    try:
        async with aclosing(await open_stream()) as batches:
            async for events in batches:
                for event in events:
                    chunk = parse_chunk(event.data, answer)
                    text = plain_text(chunk) if answer.in_text else None
                    if text is not None:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    if event.event == "error":
                        raise error_in_answer({"error": chunk}, provider=provider, partial=answer.partial)
                    for made in answer.add(chunk):
                        yield made
    except ModelError as error:
        error.partial = answer.partial
        if not (answer.finish_reason and isinstance(error, (StreamInterrupted, DeadlineExceeded))):
            raise
    if not answer.finish_reason:
        raise answer.broken_off()
    for made in answer.finish():
        yield made


def parse_chunk(data: str, answer: Answer) -> object:
    """Parse the data of one event; an event without any says nothing."""
    try:
        return loads(data)
    except (ValueError, RecursionError) as error:
        if not data.strip():
            return {}
        raise answer.invalid(f"{error} in {redact(data[:200])!r}") from None


def plain_text(chunk: object) -> str | None:
    """The text of a chunk that is one piece of text and nothing else; None for every other chunk."""
    try:
        candidate = chunk["candidates"][0]  # type: ignore[index]
        parts = candidate["content"]["parts"]
        text = parts[0]["text"]
    except (LookupError, TypeError):
        return None
    if type(text) is not str or not text or len(parts) > 1 or len(parts[0]) > 1:
        return None
    # A candidate that says more than its content and its index says why it ended, or what it relies on.
    return text if len(candidate) == 1 or (len(candidate) == 2 and "index" in candidate) else None
