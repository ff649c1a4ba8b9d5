"""A guess at what a call used that did not say: it failed, or was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    Unsupported,
)
from trouplet.messages import TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trouplet.messages import ContentBlock
    from trouplet.model_io import ModelRequest

_REFUSALS = (AuthenticationFailed, ConnectionFailed, ProviderUnavailable, RateLimited, RequestRejected, Unsupported)
"""Errors of calls that were not answered at all, for which no provider takes money."""

_BYTES_PER_TOKEN = 4


def estimated(request: ModelRequest, answer: Iterable[ContentBlock]) -> Usage:
    """Return a rough guess: a token for every four bytes of UTF-8, of the texts sent and of those that came back.

    Media, tool schemas and thinking that was not shown are not in it.
    """
    sent = sum(_size(msg.content) for msg in request.messages)
    return Usage(sent // _BYTES_PER_TOKEN, _size(answer) // _BYTES_PER_TOKEN, calls=0)


def estimated_failure(request: ModelRequest, error: BaseException | None) -> Usage:
    """Return a guess for a call that ended with this error, if with any; nothing when it was refused."""
    partial = error.partial if isinstance(error, ModelError) else ""
    if isinstance(error, _REFUSALS) and not partial:
        return Usage.none()
    return estimated(request, [TextBlock(partial)])


def _size(content: Iterable[ContentBlock]) -> int:
    size = 0
    for block in content:
        match block:
            case TextBlock(text=text) | ThinkingBlock(thinking=text):
                size += len(text.encode(errors="replace"))
            case ToolUseBlock(input=given):
                size += len(str(given).encode(errors="replace"))
            case ToolResultBlock(output=output):
                size += _size(output)
            case _:
                pass
    return size
