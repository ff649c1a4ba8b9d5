"""Reads a streamed chat completion.

A stream is complete when a choice has said its ``finish_reason``. ``[DONE]`` without one, and an end without either,
are an answer that broke off; a connection that is lost after it has cost nothing but the usage. Most chunks of a long
answer are one piece of text and nothing else: they take a short way through ``read_stream``, the first one and all
others go through ``Answer``.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet.model_io import TextChunk
from trouplet_completions.answer import Answer
from trouplet_completions.provider_errors import error_in_answer
from trouplet_http import drain, loads, redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent

    Events = AsyncGenerator[list[ServerSentEvent], None]

_DONE: Final = {"object": "[DONE]"}
_NOTHING: Final[dict[str, object]] = {}


async def read_stream(open_stream: Callable[[], Awaitable[Events]], *, provider: str) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens; every error carries the text so far."""
    answer = Answer(provider)
    keep = answer.texts.append
    begun = done = False
    try:
        async with aclosing(await open_stream()) as batches:
            async for events in batches:
                for event in events:
                    chunk = parse_chunk(event.data, answer)
                    text = plain_text(chunk)
                    if text is not None and begun:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    if chunk is _DONE:
                        done = True
                        break
                    if event.event == "error":
                        raise error_in_answer(chunk, provider=provider, partial=answer.partial)
                    begun = True
                    for made in answer.add(chunk):
                        yield made
                if done:
                    await drain(batches)
                    break
    except ModelError as error:
        error.partial = answer.partial
        if not (answer.finish_reason and isinstance(error, (StreamInterrupted, DeadlineExceeded))):
            raise
    if not answer.finish_reason:
        raise answer.broken_off(f"It {'said [DONE]' if done else 'ended'} without a finish_reason")
    for made in answer.finish():
        yield made


def parse_chunk(data: str, answer: Answer) -> object:
    """Parse the data of one event."""
    try:
        return loads(data)
    except (ValueError, RecursionError) as error:
        text = data.strip()
        if text == "[DONE]":
            return _DONE
        if not text:
            return _NOTHING
        raise answer.invalid(f"{error} in {redact(data[:200])!r}") from None


def plain_text(chunk: object) -> str | None:
    """The text of a chunk that is one piece of text and nothing else; None for every other chunk."""
    try:
        choice = chunk["choices"][0]  # type: ignore[index]
        delta = choice["delta"]
        text = delta["content"]
    except (LookupError, TypeError):
        return None
    if type(text) is not str or not text or choice.get("finish_reason") or choice.get("logprobs"):
        return None
    return text if len(delta) == 1 or _says_only(delta) else None


def _says_only(delta: dict[str, object]) -> bool:
    """Whether all fields but the text are empty: some servers repeat them in every chunk."""
    return not any([value and name not in ("content", "role") for name, value in delta.items()])
