"""What is sent to a model and what comes back: requests, chunks, responses, usage.

A model answers with a stream of small chunks that ends with exactly one ``Finish``. A stream without a ``Finish`` is a
broken stream, whatever it looked like so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from trouplet.messages import ContentBlock, MediaBlock, Msg
    from trouplet.ports import ChatModel, Formatter

    Capability: TypeAlias = Literal[
        "tools",
        "tool_choice",
        "parallel_tools",
        "json_schema",
        "json_schema_tools",
        "vision",
        "audio",
        "video",
        "thinking",
        "streaming",
        "system",
    ]
    FinishReason: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter", "other"]

CAPABILITIES: frozenset[Capability] = frozenset((
    "tools", "tool_choice", "parallel_tools", "json_schema", "json_schema_tools", "vision", "audio", "video",
    "thinking", "streaming", "system",
))  # fmt: skip
"""All that a model may be capable of.

``tool_choice`` is being made to call a tool, ``json_schema`` answering in JSON of a given schema, ``json_schema_tools``
doing so in a request that has tools too.
"""


@dataclass(slots=True)
class ModelInfo:
    """What is known about a model without asking it. Sizes are in tokens; None means unknown.

    ``dimensions`` is the length of an embedding model's vectors. ``options`` is what a model object was made with that
    changes its answers: sampling and provider options, and the address that it asks.
    """

    provider: str
    name: str
    capabilities: frozenset[Capability] = frozenset()
    context_window: int | None = None
    max_output: int | None = None
    kind: Literal["chat", "embedding"] = "chat"
    dimensions: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name that users type: ``provider:model``."""
        return f"{self.provider}:{self.name}"


@dataclass(slots=True)
class ToolSchema:
    """A tool as the model sees it. ``parameters`` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(slots=True)
class ModelRequest:
    """One request to a model, in the kernel's own terms.

    ``options`` are sampling and provider options for this call; they override those that the model was made with.
    ``tool_choice`` is ``auto``, ``none``, ``required`` or a tool's name. ``output_schema`` asks for a JSON answer of
    that schema. ``deadline`` is the time in seconds that the whole call may take, retries included. ``formatter``
    overrides the model's own. ``retry`` replaces the policy of the one layer that repeats requests: a
    ``trouplet_http.RetryPolicy`` for models that speak HTTP; others have no use for it. ``model`` is asked instead of
    the agent's: middleware sets it.
    """

    messages: Sequence[Msg]
    tools: Sequence[ToolSchema] = ()
    tool_choice: str | None = None
    output_schema: Mapping[str, object] | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    formatter: Formatter | None = None
    deadline: float | None = None
    retry: object = None
    model: ChatModel | None = None


@dataclass(slots=True)
class Usage:
    """Tokens of one or more model calls.

    ``input_tokens`` includes those that were read from a cache (``cached_tokens``) and those that were written to one
    (``cache_write_tokens``), ``output_tokens`` includes reasoning. ``calls`` counts the model calls; ``unknown`` how
    many of them did not report their usage.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    calls: int = 1
    unknown: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.calls + other.calls,
            self.unknown + other.unknown,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @classmethod
    def none(cls) -> Usage:
        """The usage of no call at all."""
        return cls(calls=0)

    @classmethod
    def not_reported(cls) -> Usage:
        """The usage of one call whose tokens nobody told."""
        return cls(unknown=1)


@dataclass(slots=True, eq=False)
class TextChunk:
    """A piece of the answer's text."""

    text: str
    extra: Mapping[str, object] | None = None


@dataclass(slots=True, eq=False)
class ThinkingChunk:
    """A piece of the model's reasoning; ``extra`` (a signature, say) goes into the block."""

    text: str
    extra: Mapping[str, object] | None = None


@dataclass(slots=True, eq=False)
class ToolCallChunk:
    """A piece of one tool call.

    ``index`` tells parallel calls apart; ``id`` and ``name`` come with a call's first chunk at the latest,
    ``arguments`` is the next piece of its JSON text.
    """

    index: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None
    extra: Mapping[str, object] | None = None


@dataclass(slots=True, eq=False)
class MediaChunk:
    """A whole image, audio or video block."""

    block: MediaBlock


@dataclass(slots=True, eq=False)
class Finish:
    """The provider's word that the answer is complete, and why it ended."""

    reason: FinishReason = "stop"
    usage: Usage | None = None
    response_id: str = ""
    model: str = ""
    metadata: Mapping[str, object] | None = None


Chunk: TypeAlias = TextChunk | ThinkingChunk | ToolCallChunk | MediaChunk | Finish


@dataclass(slots=True)
class ModelResponse:
    """A whole answer: its blocks, why it ended, and what it cost."""

    content: tuple[ContentBlock, ...]
    finish_reason: FinishReason
    usage: Usage
    response_id: str = ""
    model: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Embeddings:
    """The answer of an embedding model: one vector per input, in order.

    ``cached`` says how many of them came out of a cache; ``usage`` counts only the others.
    """

    vectors: list[list[float]]
    usage: Usage
    cached: int = 0


@dataclass(slots=True)
class TokenCount:
    """Tokens of each message, in order, and of what belongs to none of them: tools, the frame of the request."""

    messages: Sequence[int]
    overhead: int = 0

    @property
    def total(self) -> int:
        """What the provider would count for the whole request."""
        return sum(self.messages) + self.overhead

    def scaled_to(self, total: int) -> TokenCount:
        """Share a total that the provider has told out in these proportions; what rounding leaves is overhead."""
        scale = total / max(1, self.total)
        messages = [int(tokens * scale) for tokens in self.messages]
        return TokenCount(messages, total - sum(messages))
