"""Reads a streamed message.

A stream is complete with its ``message_stop``; an end before that is an answer that broke off. Most events of a long
answer are one piece of text: they take a short way through ``read_stream``, all others go through ``Answer``.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.errors import ModelError
from trouplet.model_io import TextChunk
from trouplet_anthropic.answer import Answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent

    Events = AsyncGenerator[list[ServerSentEvent], None]

_DRAIN_SECONDS = 0.5


async def read_stream(open_stream: Callable[[], Awaitable[Events]], *, provider: str) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens; every error carries the text so far."""
    answer = Answer(provider)
    keep = answer.texts.append
    complete = False
    try:
        async with aclosing(await open_stream()) as batches:
            async for events in batches:
                for event in events:
                    data = parse_event(event, answer)
                    text = plain_text(data)
                    if text is not None:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    kind = data.get("type", event.event)
                    if kind == "message_stop":
                        complete = True
                        break
                    for made in answer.add(kind, data):
                        yield made
                if complete:
                    await _drain(batches)
                    break
    except ModelError as error:
        error.partial = answer.partial
        raise
    if not complete:
        raise answer.broken_off("It ended without a message_stop")
    for made in answer.finish():
        yield made


def parse_event(event: ServerSentEvent, answer: Answer) -> Mapping[str, object]:
    """Parse the data of one event; raise when it is not a JSON object."""
    try:
        data = loads(event.data)
    except (ValueError, RecursionError) as error:
        raise answer.invalid(f"{error} in {redact(event.data[:200])!r}") from None
    if not isinstance(data, dict):
        raise answer.invalid(f"a JSON {type(data).__name__} where an object was expected")
    return data


def plain_text(data: Mapping[str, object]) -> str | None:
    """The text of an event that is one piece of text; None for every other event."""
    if data.get("type") != "content_block_delta":
        return None
    delta = data.get("delta")
    if not isinstance(delta, dict) or delta.get("type") != "text_delta":
        return None
    text = delta.get("text")
    return text if type(text) is str and text else None


async def _drain(batches: Events) -> None:
    """Read to the end of the response, which is what lets its connection serve the next one."""
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in batches:
                pass
    except (TimeoutError, ModelError):
        pass  # the answer is complete; only the connection is lost
