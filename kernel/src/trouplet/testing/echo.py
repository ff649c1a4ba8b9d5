"""The model behind ``test:echo``: it repeats what it was told and needs nothing at all."""

from __future__ import annotations

from trouplet.model_io import Finish, ModelInfo, TextChunk, Usage
from trouplet.testing.plain_formatter import PlainFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from trouplet.messages import Msg
    from trouplet.model_io import Chunk, ModelRequest
    from trouplet.ports import Formatter

ECHO = ModelInfo("test", "echo", frozenset(("streaming", "system", "tools")), context_window=1_000_000)
"""What is known about the model. It takes tools and never calls one."""


class EchoModel:
    """Answers ``You said: …`` with the text of the last user message, a few words at a time."""

    def __init__(self, *, formatter: Formatter | None = None, stream: bool = True) -> None:
        self.info = ECHO
        self.formatter: Formatter = formatter or PlainFormatter()
        self._stream = stream

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Yield the answer and its ``Finish``."""
        from asyncio import sleep

        answer = _answer(request.messages)
        for piece in _groups(answer) if self._stream else [answer]:
            await sleep(0)
            yield TextChunk(piece)
        yield Finish("stop", _usage(request.messages, answer), model=self.info.name)


def _answer(messages: Sequence[Msg]) -> str:
    said = next((msg.text for msg in reversed(messages) if msg.role == "user"), "")
    return f"You said: {said}" if said else "You said nothing."


def _groups(text: str, pieces: int = 8) -> list[str]:
    """Cut text between words, into about so many pieces."""
    words = text.split(" ")
    size = -(-len(words) // pieces)
    groups = [" ".join(words[start : start + size]) for start in range(0, len(words), size)]
    return [*[group + " " for group in groups[:-1]], groups[-1]]


def _usage(messages: Sequence[Msg], answer: str) -> Usage:
    """Estimate tokens as a quarter of the characters, and four more for each message and for the request."""
    asked = 4 + sum([4 + len(msg.text) // 4 for msg in messages])
    return Usage(asked, len(answer) // 4)
