"""``Msg`` and its content blocks: what agents say to each other and what a history is made of.

Messages and blocks are immutable. To change one, make another with ``dataclasses.replace``: formatters keep the wire
form of a message with the message, so that a long history is not formatted again on every turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import urandom
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal, TypeVar

    Role: TypeAlias = Literal["user", "assistant", "system", "tool"]
    BlockT = TypeVar("BlockT")


@dataclass(slots=True, frozen=True)
class URLSource:
    """Media by address: ``http(s):``, ``data:`` or ``file:`` URL, or the path of a local file."""

    url: str
    media_type: str | None = None


@dataclass(slots=True, frozen=True)
class Base64Source:
    """Media as base64 text with its media type, for example ``image/png``."""

    media_type: str
    data: str = field(repr=False)


@dataclass(slots=True, frozen=True)
class TextBlock:
    """Text. ``extra`` holds what the provider wants back unchanged (signatures), keyed by provider."""

    text: str
    extra: Mapping[str, object] | None = None
    type: ClassVar[str] = "text"


@dataclass(slots=True, frozen=True)
class ThinkingBlock:
    """The model's reasoning, as far as the provider shows it."""

    thinking: str
    extra: Mapping[str, object] | None = None
    type: ClassVar[str] = "thinking"


@dataclass(slots=True, frozen=True)
class ToolUseBlock:
    """The model's call of a tool.

    ``input`` holds the parsed arguments, ``raw_input`` the JSON text that the model wrote. When that text is not a JSON
    object, ``input`` is empty and the call is answered with an error result instead of being run.
    """

    id: str
    name: str
    input: Mapping[str, object]
    raw_input: str = ""
    extra: Mapping[str, object] | None = None
    type: ClassVar[str] = "tool_use"


@dataclass(slots=True, frozen=True)
class ToolResultBlock:
    """The answer to one tool call.

    ``status`` says what became of the call: it ended (``ok``), it failed (``error``), it was stopped while it ran
    (``interrupted``), it never ran (``not_started``), or a policy refused it (``denied``).
    """

    id: str
    name: str
    output: tuple[ContentBlock, ...]
    status: Literal["ok", "error", "interrupted", "not_started", "denied"] = "ok"
    metadata: Mapping[str, object] | None = None
    type: ClassVar[str] = "tool_result"

    @property
    def text(self) -> str:
        """The text of the result; media are left out."""
        return "".join([block.text for block in self.output if isinstance(block, TextBlock)])


@dataclass(slots=True, frozen=True)
class MediaBlock:
    """The base of what is not text."""

    source: URLSource | Base64Source
    type: ClassVar[str] = "media"


class ImageBlock(MediaBlock):
    """An image."""

    __slots__ = ()
    type = "image"


class AudioBlock(MediaBlock):
    """A piece of audio."""

    __slots__ = ()
    type = "audio"


class VideoBlock(MediaBlock):
    """A video."""

    __slots__ = ()
    type = "video"


ContentBlock: TypeAlias = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | MediaBlock

BLOCK_TYPES = (TextBlock, ThinkingBlock, ToolUseBlock, ToolResultBlock, ImageBlock, AudioBlock, VideoBlock)


def new_id() -> str:
    """A random id of 128 bits, as 32 hexadecimal digits."""
    return urandom(16).hex()


def now() -> datetime:
    """The current time, with its zone (UTC)."""
    return datetime.now(UTC)


@dataclass(slots=True, frozen=True, eq=False, weakref_slot=True)
class Msg:
    """One message: who says what, in which role.

    ``content`` may be given as text, as one block, or as blocks; it is kept as a tuple of blocks. Two messages are
    equal when their ids are.
    """

    name: str
    content: tuple[ContentBlock, ...]
    role: Role = "user"
    metadata: Mapping[str, object] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    timestamp: datetime = field(default_factory=now)
    wire: tuple[object, list[dict[str, object]]] | None = field(default=None, init=False, repr=False)
    """Kept by the formatter that formatted this message last: itself, and the message in its provider's form."""

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            content: str | ContentBlock | Iterable[ContentBlock],
            role: Role = "user",
            metadata: Mapping[str, object] = ...,
            id: str = ...,
            timestamp: datetime = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", as_blocks(self.content))
        if self.role not in ("user", "assistant", "system", "tool"):
            from trouplet.errors import BadInput

            raise BadInput(f"role {self.role!r} of a message", fix="Use 'user', 'assistant', 'system' or 'tool'")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Msg) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def text(self) -> str:
        """The text blocks, joined with newlines; empty when there are none."""
        if len(self.content) == 1:  # most messages
            block = self.content[0]
            return block.text if isinstance(block, TextBlock) else ""
        return "\n".join([block.text for block in self.content if isinstance(block, TextBlock)])

    @property
    def thinking(self) -> str:
        """The reasoning, joined with newlines."""
        return "\n".join([block.thinking for block in self.content if isinstance(block, ThinkingBlock)])

    def blocks(self, kind: type[BlockT]) -> list[BlockT]:
        """The blocks of one class, in order: ``msg.blocks(ToolUseBlock)``."""
        return [block for block in self.content if isinstance(block, kind)]


def as_blocks(content: object) -> tuple[ContentBlock, ...]:
    """Content as a tuple of blocks; raises ``BadInput`` on anything that is not text or blocks."""
    if isinstance(content, str):
        return (TextBlock(content),)
    if isinstance(content, BLOCK_TYPES):
        return (content,)
    if isinstance(content, (list, tuple)) and all([isinstance(block, BLOCK_TYPES) for block in content]):
        return tuple(content)
    from trouplet.errors import BadInput

    raise BadInput(
        f"content of type {type(content).__name__} in a message",
        fix="Give a str, a content block, or a list of content blocks",
    )
