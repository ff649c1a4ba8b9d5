"""Reads a streamed answer: what is the same for every protocol, whatever its records look like."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol, TypeVar

from trouplet.errors import DeadlineExceeded, ModelError, StreamInterrupted
from trouplet.model_io import TextChunk
from trouplet_http.streaming import drain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trouplet.model_io import Chunk

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)
P = TypeVar("P")


class StreamedAnswer(Protocol[R_contra, P]):
    """One answer as far as it has arrived, in one provider's protocol.

    ``texts`` holds the pieces of its text. ``complete`` is true once the provider has said that the answer is whole: a
    connection that is lost after that has cost nothing. ``over`` is true when nothing follows that is worth reading.
    """

    texts: list[str]

    @property
    def complete(self) -> bool: ...

    @property
    def over(self) -> bool: ...

    def parse(self, record: R_contra, /) -> P:
        """Parse one record: a server-sent event, or a line. Raises a ``ModelError`` for one that is not sound."""
        ...

    def plain_text(self, parsed: P, /) -> str | None:
        """Return the text of a record that is one piece of text and nothing else, as most are; None for any other."""
        ...

    def add(self, parsed: P, /) -> list[Chunk]:
        """Take any other record; raise the error that it is."""
        ...

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        ...


async def read_answer(
    open_stream: Callable[[], Awaitable[AsyncGenerator[list[R], None]]],
    answer: StreamedAnswer[R, P],
    *,
    advise: Callable[[ModelError], None] | None = None,
) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of the stream that ``open_stream`` opens.

    Every error carries the text so far; ``advise`` adds to it what helps.
    """
    keep, parse, plain_text = answer.texts.append, answer.parse, answer.plain_text
    try:
        async with aclosing(await open_stream()) as batches:
            async for records in batches:
                for record in records:
                    parsed = parse(record)
                    text = plain_text(parsed)
                    if text is not None:
                        keep(text)
                        yield TextChunk(text)
                        continue
                    for made in answer.add(parsed):
                        yield made
                    if answer.over:
                        break
                if answer.over:
                    await drain(batches)
                    break
    except ModelError as error:
        error.partial = "".join(answer.texts)
        if advise is not None:
            advise(error)
        if not (answer.complete and isinstance(error, (StreamInterrupted, DeadlineExceeded))):
            raise
    for made in answer.finish():
        yield made
