"""What a provider does in a test of a model, in no provider's terms.

A model's author translates a scenario into the provider's own protocol: each chunk, or each part of several chunks,
into what the provider would send for it, ``finish_reason`` and ``usage`` into its last words. For models behind HTTP
the suite does the rest (``status``, ``end``); for others the author does that, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from trouplet.errors import AuthenticationFailed, ModelError, ProviderUnavailable, RateLimited, RequestRejected
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Capability, Chunk, FinishReason

FINISH_REASONS: frozenset[FinishReason] = frozenset(("stop", "tool_calls", "length", "content_filter", "other"))


@dataclass(slots=True)
class Part:
    """Chunks that make one block: text, thinking or a tool call, in the pieces in which they are streamed."""

    kind: Literal["text", "thinking", "call"]
    pieces: list[str]
    id: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """The pieces joined: for a call, its arguments as JSON text."""
        return "".join(self.pieces)

    @property
    def arguments(self) -> Mapping[str, object]:
        """The parsed arguments of a call."""
        parsed: Mapping[str, object] = json.loads(self.text or "{}")
        return parsed


@dataclass(slots=True, frozen=True)
class Scenario:
    """One answer of a provider, and how it ends.

    ``chunks`` are what it sends, in order. ``end`` is ``complete`` (a proper end with ``finish_reason``, and with
    ``usage`` unless that is None), ``cut`` (the connection ends cleanly without the provider's own last word),
    ``stall`` (nothing more comes, the connection stays), or ``refused`` (instead of an answer comes an error with
    ``status``, whose JSON body says ``message``, and with ``retry_after`` in seconds). ``needs`` is what a model must
    be capable of to take part.
    """

    name: str
    chunks: tuple[Chunk, ...] = ()
    finish_reason: FinishReason = "stop"
    usage: Usage | None = field(default_factory=lambda: Usage(12, 6))
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
        return [(part.id, part.name, part.arguments) for part in self.parts if part.kind == "call"]

    @property
    def parts(self) -> list[Part]:
        """The answer as blocks, in the order in which they begin."""
        made: list[Part] = []
        calls: dict[int, Part] = {}
        for chunk in self.chunks:
            if isinstance(chunk, ToolCallChunk):
                if chunk.index not in calls:
                    calls[chunk.index] = Part("call", [], chunk.id or "", chunk.name or "")
                    made.append(calls[chunk.index])
                calls[chunk.index].pieces += [chunk.arguments] if chunk.arguments else []
            elif isinstance(chunk, (TextChunk, ThinkingChunk)):
                kind: Literal["text", "thinking"] = "text" if isinstance(chunk, TextChunk) else "thinking"
                if not made or made[-1].kind != kind:
                    made.append(Part(kind, []))
                made[-1].pieces.append(chunk.text)
        return made


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
NO_ARGUMENTS_AT_ALL = Scenario(
    "a call without even an empty object",
    (ToolCallChunk(0, "", "call_look", "look"),),
    "tool_calls",
    needs=frozenset(("tools",)),
)
EVERYTHING = Scenario(
    "thinking, text and two calls",
    (*THOUGHT.chunks[:2], TextChunk("A moment: 茶."), *PARALLEL_CALLS.chunks),
    "tool_calls",
    needs=frozenset(("thinking", "tools", "parallel_tools")),
)
INTERLEAVED = Scenario(
    "two calls whose pieces are mixed",
    (
        ToolCallChunk(0, id="call_tea", name="brew"),
        ToolCallChunk(1, id="call_cup", name="fetch"),
        ToolCallChunk(0, '{"kind": '),
        ToolCallChunk(1, '{"what": '),
        ToolCallChunk(0, '"green"}'),
        ToolCallChunk(1, '"cup"}'),
    ),
    "tool_calls",
    needs=frozenset(("tools", "parallel_tools")),
)
BROKEN_ARGUMENTS = Scenario(
    "a call whose arguments break off",
    (ToolCallChunk(0, id="call_tea", name="brew"), ToolCallChunk(0, '{"kind": "gre')),
    "tool_calls",
    needs=frozenset(("tools",)),
)
NOTHING = Scenario("an answer without content")
DETAILED = Scenario("an answer with cached and reasoning tokens", _TEXT, usage=Usage(120, 60, 100, 20))
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


def with_ids(scenario: Scenario, id: str) -> Scenario:
    """Return the scenario with the same id for all its calls."""
    chunks = [
        replace(chunk, id=id) if isinstance(chunk, ToolCallChunk) and chunk.id is not None else chunk
        for chunk in scenario.chunks
    ]
    return replace(scenario, chunks=tuple(chunks))
