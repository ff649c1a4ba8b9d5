"""Reads a streamed answer: lines of JSON, the last of them with ``done``.

Most lines of a long answer are one piece of text and nothing else: they take a short way through ``read_lines``, all
others go through ``Answer``. A line that is not JSON is the error of a garbled answer only when another one follows:
the last line of all is what a broken connection has left of it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet.model_io import TextChunk
from trouplet_http import loads, redact
from trouplet_ollama.answer import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trouplet.errors import InvalidResponse
    from trouplet.model_io import Chunk

    Lines = AsyncGenerator[list[str], None]

_DRAIN_SECONDS = 0.5


async def read_lines(
    open_stream: Callable[[], Awaitable[Lines]], advise: Callable[[ModelError], None], *, provider: str
) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens; every error carries the text so far, and ``advise``
    says what helps.
    """
    answer = Answer(provider)
    keep = answer.texts.append
    garbled: InvalidResponse | None = None
    try:
        async with aclosing(await open_stream()) as batches:
            async for lines in batches:
                for line in lines:
                    if garbled is not None:
                        raise garbled
                    try:
                        said = loads(line)
                    except (ValueError, RecursionError) as error:
                        garbled = answer.invalid(f"{error} in {redact(line[:200])!r}")
                        continue
                    text = plain_text(said)
                    if text is not None and not answer.thinks:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    for made in answer.add(said):
                        yield made
                    if answer.done:
                        break
                if answer.done:
                    await _drain(batches)
                    break
    except ModelError as error:
        error.partial = answer.partial
        advise(error)
        if not (answer.done and isinstance(error, (StreamInterrupted, DeadlineExceeded))):
            raise
    if not answer.done:
        raise answer.broken_off("It ended without the line that says done")
    for made in answer.finish():
        yield made


def plain_text(said: object) -> str | None:
    """The text of an object that is one piece of text and nothing else; None for every other."""
    try:
        message = said["message"]  # type: ignore[index]
        text = message["content"]
        plain = said["done"] is False  # type: ignore[index]
    except (LookupError, TypeError):
        return None
    if not plain or type(text) is not str or not text or len(message) != 2 or "role" not in message:
        return None
    return None if "logprobs" in said or "error" in said else text  # type: ignore[operator]


async def _drain(batches: Lines) -> None:
    """Read to the end of the response, which is what lets its connection serve the next one."""
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in batches:
                pass
    except (TimeoutError, ModelError):
        pass  # the answer is complete; only the connection is lost
