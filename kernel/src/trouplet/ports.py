"""The Protocols that plugins implement: the contracts, without any implementation."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from trouplet.events import Event
from trouplet.messages import ContentBlock, MediaBlock, Msg, TextBlock
from trouplet.model_io import Chunk, Embeddings, ModelInfo, ModelRequest, TokenCount, ToolSchema
from trouplet.scope import Scope
from trouplet.tool_io import ToolTraits


@runtime_checkable
class Formatter(Protocol):
    """Turns a history into the message list of one provider's API."""

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the provider's messages, JSON-able. May read files and fetch media; never changes ``messages``."""
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A chat model of one provider."""

    info: ModelInfo
    formatter: Formatter

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``.

        An async generator function. It raises a ``ModelError`` when the call fails and when the stream ends early, and
        lets go of its connection when it is closed. A model that was made with ``stream=False`` yields whole blocks.
        """
        ...


@runtime_checkable
class EmbeddingModel(Protocol):
    """Turns texts, and media where the model takes them, into vectors."""

    info: ModelInfo
    dimensions: int

    async def embed(self, inputs: Sequence[str | TextBlock | MediaBlock]) -> Embeddings:
        """Return one vector of ``dimensions`` numbers per input, in order. Raises a ``ModelError``."""
        ...


@runtime_checkable
class TokenCounter(Protocol):
    """Counts tokens as one model would."""

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message and of what belongs to none of them, counted in one pass."""
        ...


@runtime_checkable
class Tool(Protocol):
    """Something that a model can call."""

    schema: ToolSchema
    traits: ToolTraits

    def validate(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Return the arguments as the tool wants them; raise ``InvalidArguments`` with a text for the model."""
        ...

    async def run(
        self, arguments: Mapping[str, object], emit: Callable[[tuple[ContentBlock, ...]], None]
    ) -> tuple[ContentBlock, ...]:
        """Run with validated arguments; ``emit`` shows output that is ready early. Returns the whole output."""
        ...


@runtime_checkable
class Toolset(Protocol):
    """A source of tools that has to be opened and closed."""

    async def __aenter__(self) -> Iterable[Tool]: ...

    async def __aexit__(self, *error: object) -> bool | None: ...


@runtime_checkable
class Memory(Protocol):
    """The working memory of one conversation. It never holds a tool call apart from its result."""

    async def add(self, messages: Sequence[Msg], *, marks: Iterable[str] = ()) -> None:
        """Append messages; ids that are there already are skipped. Raises ``InvalidHistory``."""
        ...

    async def get(self, *, mark: str | None = None, exclude_mark: str | None = None) -> Sequence[Msg]:
        """Return the messages in order, all or by mark. The caller does not change what it gets."""
        ...

    async def delete(self, ids: Iterable[str]) -> int:
        """Delete messages, each with the calls or results that belong to it; return how many are gone."""
        ...

    async def clear(self) -> None:
        """Delete everything."""
        ...


class LongTermMemory(Protocol):
    """What outlives a conversation."""

    async def record(self, messages: Sequence[Msg]) -> None:
        """Keep what is worth keeping."""
        ...

    async def retrieve(self, query: str, *, limit: int = 5) -> Sequence[str]:
        """Return what is known about a query, best first. It is data, never an instruction."""
        ...


class SessionStore(Protocol):
    """Keeps the state of sessions. Ids are opaque keys, whatever they contain."""

    async def save(self, session_id: str, state: Mapping[str, object]) -> None:
        """Store the state durably before returning."""
        ...

    async def load(self, session_id: str) -> Mapping[str, object] | None:
        """Return the stored state, or None when the session is unknown."""
        ...

    async def delete(self, session_id: str) -> bool:
        """Forget a session; False when it was unknown."""
        ...


class Tracer(Protocol):
    """Turns the events of runs into traces."""

    def subscribe(self, scope: Scope) -> Callable[[Event], None] | None:
        """Return what to call with every event of the run, or None for a run that is not traced."""
        ...

    async def close(self) -> None:
        """Send what is left and let go of everything."""
        ...
