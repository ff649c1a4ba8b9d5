"""An answer that is streamed.

It is complete when it has said its ``finish_reason``; an end without one is an answer that broke off, and a connection
that is lost after it has cost nothing. Most objects of a long answer are one piece of text and nothing else.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from trouplet.messages import MediaBlock, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, MediaChunk, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.response import ResponseBuilder
from trouplet_dashscope.answer import Answer
from trouplet_dashscope.provider_errors import error_in_answer
from trouplet_http import loads, redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from trouplet.messages import ContentBlock
    from trouplet.model_io import Chunk
    from trouplet_http import ServerSentEvent


class AnswerStream(Answer):
    """An answer as its events arrive; see ``trouplet_http.StreamedAnswer``."""

    __slots__ = ("_begun",)
    over = False

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether the answer has said why it ended."""
        return self.done

    def parse(self, record: ServerSentEvent) -> object:
        """Parse the data of one event; raise the error that an event of that name is."""
        try:
            said = loads(record.data)
        except (ValueError, RecursionError) as error:
            raise self.invalid(f"{error} in {redact(record.data[:200])!r}") from None
        if record.event == "error":
            body = said if isinstance(said, dict) else {"message": str(said)}
            raise error_in_answer(body, provider=self.provider, partial=self.partial)
        return said

    def plain_text(self, parsed: object) -> str | None:
        """The text of an object that is one piece of text and nothing else; None for the first and every other one."""
        return plain_text(parsed) if self._begun and not self.thinks else None

    def add(self, said: object) -> list[Chunk]:
        """Take any other object."""
        self._begun = True
        return super().add(said)

    def finish(self) -> list[Chunk]:
        """Return the last chunks of the answer; raise ``StreamInterrupted`` if it is not complete."""
        if not self.done:
            raise self.broken_off("It ended without a finish_reason")
        return super().finish()


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
