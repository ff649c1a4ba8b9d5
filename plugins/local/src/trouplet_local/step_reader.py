"""Turns a step, while the model writes it, into chunks: thought and answer at once, a tool call when it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidArguments
from trouplet.messages import new_id
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.response import parse_arguments
from trouplet_local.json_stream import JsonMembers, StringDecoder
from trouplet_local.steps import ANSWER, ARGUMENTS, THOUGHT, TOOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trouplet.model_io import Chunk


class StepReader:
    """Reads one step.

    Nothing is ever repaired: a call is made of text that is valid JSON as it stands, or not at all. ``answered`` says
    that text of an answer has been given out, so that the step cannot be asked for again.
    """

    def __init__(self, *, answer_is_text: bool = True) -> None:
        self.answered = False
        self._answer_is_text = answer_is_text
        self._members = JsonMembers()
        self._decoders = {THOUGHT: StringDecoder(), ANSWER: StringDecoder()}
        self._arguments: list[str] = []
        self._text: list[str] = []

    def feed(self, text: str) -> Iterator[Chunk]:
        """Take the next piece of the model's text."""
        self._text.append(text)
        for key, piece in self._members.feed(text):
            yield from self._piece(key, piece)

    def _piece(self, key: str, piece: str) -> Iterator[Chunk]:
        if key == ARGUMENTS:
            self._arguments.append(piece)
        elif key == THOUGHT:
            yield from _chunks(ThinkingChunk, self._decoders[key].feed(piece))
        elif key == ANSWER:
            self.answered = True
            yield from _chunks(TextChunk, self._decoders[key].feed(piece) if self._answer_is_text else piece)

    def end(self) -> Iterator[Chunk]:
        """Finish the step; raises ``InvalidArguments`` when it is neither an answer nor a call in valid JSON."""
        yield from _chunks(ThinkingChunk, self._decoders[THOUGHT].flush())
        yield from _chunks(TextChunk, self._decoders[ANSWER].flush())
        if self.answered:
            return
        step = parse_arguments("".join(self._text).strip())
        name = step.get(TOOL)
        if not isinstance(name, str) or not isinstance(step.get(ARGUMENTS), dict):
            raise InvalidArguments("the step is neither a call nor an answer")
        yield ToolCallChunk(0, "".join(self._arguments).strip(), id=f"call_{new_id()}", name=name)


def _chunks(kind: type[TextChunk | ThinkingChunk], text: str) -> Iterator[Chunk]:
    if text:
        yield kind(text)
