"""What an answer says about itself: its tokens, and why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import FinishReason

_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def finish_reason(reason: object, *, calls: bool) -> FinishReason:
    """Translate the API's word for why the answer ended; ``pause_turn`` and unknown words are ``other``.

    Compatible servers say ``end_turn`` when a tool was called, too.
    """
    known = _REASONS.get(reason, "other") if isinstance(reason, str) else "other"
    if known in ("stop", "tool_calls"):
        return "tool_calls" if calls else "stop"
    return known


class UsageReport:
    """The tokens of one answer, from its first event and from its last; both count from the beginning.

    Some servers leave a number out of one of the two, or say 0 there: the larger one is what was used.
    """

    __slots__ = ("_complete", "_counts")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._complete = False

    def add(self, usage: object, *, final: bool) -> None:
        """Take the ``usage`` of an event; only the final one knows how long the answer has become."""
        if not isinstance(usage, dict):
            return
        for name in (*_INPUT, "output_tokens"):
            self._count(name, usage.get(name))
        details = usage.get("output_tokens_details")
        if isinstance(details, dict):
            self._count("thinking_tokens", details.get("thinking_tokens"))
        if final and _is_count(usage.get("output_tokens")):
            self._complete = True

    def usage(self) -> Usage | None:
        """The usage; None when it was not told."""
        counts = self._counts
        if not self._complete or "input_tokens" not in counts:
            return None
        return Usage(
            input_tokens=sum([counts.get(name, 0) for name in _INPUT]),
            output_tokens=counts["output_tokens"],
            cached_tokens=counts.get("cache_read_input_tokens", 0),
            reasoning_tokens=counts.get("thinking_tokens", 0),
            cache_write_tokens=counts.get("cache_creation_input_tokens", 0),
        )

    def _count(self, name: str, value: object) -> None:
        if _is_count(value):
            assert isinstance(value, int)
            self._counts[name] = max(self._counts.get(name, 0), value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
