"""What a provider does in a test of a model, in no provider's terms.

A model's author translates a scenario into the provider's own protocol: each chunk into what the provider would send
for it, ``status`` into an HTTP error, ``end`` into what happens after the last chunk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trouplet.errors import AuthenticationFailed, ModelError, ProviderUnavailable, RateLimited, RequestRejected
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from trouplet.model_io import Capability, Chunk, FinishReason


@dataclass(slots=True, frozen=True)
class Scenario:
    """One answer of a provider, and how it ends.

    ``chunks`` are what it sends, in order. ``end`` is ``complete`` (a proper end with ``finish_reason`` and ``usage``),
    ``cut`` (the connection ends cleanly without the provider's own last word), ``stall`` (nothing more comes, the
    connection stays), or ``refused`` (instead of an answer comes an error with ``status``, whose JSON body says
    ``message``, and with ``retry_after`` in seconds). ``needs`` is what a model must be capable of to take part.
    """

    name: str
    chunks: tuple[Chunk, ...] = ()
    finish_reason: FinishReason = "stop"
    usage: Usage = field(default_factory=lambda: Usage(12, 6))
    end: Literal["complete", "cut", "stall", "refused"] = "complete"
    status: int = 200
    message: str = ""
    retry_after: float | None = None
    needs: frozenset[Capability] = frozenset()

    @property
    def text(self) -> str:
        """The text of the answer."""
        return "".join([chunk.text for chunk in self.chunks if isinstance(chunk, TextChunk)])

    @property
    def thinking(self) -> str:
        """The reasoning of the answer."""
        return "".join([chunk.text for chunk in self.chunks if isinstance(chunk, ThinkingChunk)])

    @property
    def calls(self) -> list[tuple[str, str, Mapping[str, object]]]:
        """The tool calls of the answer: id, name and arguments."""
        firsts = [chunk for chunk in self.chunks if isinstance(chunk, ToolCallChunk) and chunk.name]
        return [(first.id or "", first.name or "", self._arguments(first.index)) for first in firsts]

    def _arguments(self, index: int) -> Mapping[str, object]:
        pieces = [chunk.arguments for chunk in self.chunks if isinstance(chunk, ToolCallChunk) and chunk.index == index]
        arguments: Mapping[str, object] = json.loads("".join(pieces) or "{}")
        return arguments


_TEXT = tuple([TextChunk(piece) for piece in ("The kettle", " is", " on — 茶 ", "🫖.")])
_CALL = (
    ToolCallChunk(0, id="call_tea", name="brew"),
    ToolCallChunk(0, '{"kind": "green", '),
    ToolCallChunk(0, '"minutes": 3}'),
)

ANSWER = Scenario("a text answer", _TEXT)
THOUGHT = Scenario(
    "thinking, then text",
    (ThinkingChunk("Tea "), ThinkingChunk("first."), *_TEXT),
    needs=frozenset(("thinking",)),
)
ONE_CALL = Scenario("text, then a call", (*_TEXT, *_CALL), "tool_calls", needs=frozenset(("tools",)))
PARALLEL_CALLS = Scenario(
    "two calls at once",
    (*_CALL, ToolCallChunk(1, id="call_cup", name="fetch"), ToolCallChunk(1, '{"what": "cup"}')),
    "tool_calls",
    needs=frozenset(("tools", "parallel_tools")),
)
NO_ARGUMENTS = Scenario(
    "a call without arguments",
    (ToolCallChunk(0, "{}", "call_look", "look"),),
    "tool_calls",
    needs=frozenset(("tools",)),
)
TOO_LONG = Scenario("an answer that reached the limit", _TEXT, "length")
CUT = Scenario("an answer that breaks off", _TEXT, end="cut")
CUT_CALL = Scenario("a call that breaks off with valid JSON", (*_TEXT, *_CALL), end="cut", needs=frozenset(("tools",)))
STALLED = Scenario("an answer that stops coming", _TEXT, end="stall")

REFUSALS: tuple[tuple[Scenario, type[ModelError]], ...] = (
    (Scenario("a wrong key", end="refused", status=401, message="The key is not valid."), AuthenticationFailed),
    (Scenario("a bad request", end="refused", status=400, message="No such option."), RequestRejected),
    (Scenario("too many requests", end="refused", status=429, message="Slow down.", retry_after=7.0), RateLimited),
    (Scenario("an overloaded provider", end="refused", status=503, message="Try later."), ProviderUnavailable),
)
