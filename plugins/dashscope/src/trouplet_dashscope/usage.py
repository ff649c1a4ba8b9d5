"""What an answer says about itself: its tokens, and why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import Usage

if TYPE_CHECKING:
    from trouplet.model_io import FinishReason


def usage_of(told: object) -> Usage | None:
    """Read the usage of a chunk or a whole answer; None when it is not there.

    Media are counted within ``input_tokens``, reasoning within ``output_tokens``. Text generation tells the cached
    tokens in ``prompt_tokens_details``, multimodal generation in ``input_tokens_details``.
    """
    if not isinstance(told, dict) or type(told.get("input_tokens")) is not int:
        return None
    cached = _inner(told, "prompt_tokens_details", "cached_tokens") or _inner(
        told, "input_tokens_details", "cached_tokens"
    )
    return Usage(
        input_tokens=told["input_tokens"],
        output_tokens=_count(told.get("output_tokens")),
        cached_tokens=cached,
        reasoning_tokens=_inner(told, "output_tokens_details", "reasoning_tokens"),
    )


def finish_reason(reason: object, *, calls: bool) -> FinishReason:
    """Translate the provider's word for why the answer ended; one with calls that ended by itself ended in them."""
    if reason in ("stop", "tool_calls"):
        return "tool_calls" if calls else "stop"
    return "length" if reason == "length" else "other"


def _inner(told: dict[str, object], details: str, name: str) -> int:
    inner = told.get(details)
    return _count(inner.get(name)) if isinstance(inner, dict) else 0


def _count(value: object) -> int:
    return value if type(value) is int else 0
