"""Reads what an answer says about its cost and about why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import FinishReason

_REASONS: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "FUNCTION_CALL": "stop",  # not Google's word: proxies and mocks end calls with it
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "ESCALATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
"""Of the words in the reference (November 2026); the others tell of an answer that went wrong, and are ``other``."""

PLAIN_REASONS = ("STOP", "FUNCTION_CALL", "MAX_TOKENS")
"""Those that say no more than what they are translated to."""


def finish_reason(reason: object, *, calls: bool) -> FinishReason:
    """Translate why the answer ended; one that ended by itself and has calls ended in its calls."""
    known = _REASONS.get(reason, "other") if isinstance(reason, str) else "other"
    return "tool_calls" if known == "stop" and calls else known


def usage_of(told: object) -> Usage | None:
    """Read a ``usageMetadata``; None when it does not tell what the prompt cost.

    The prompt includes what came out of the cache. The output is the rest of the total: the answer and the thoughts.
    """
    if not isinstance(told, dict) or type(told.get("promptTokenCount")) is not int:
        return None
    prompt = _count(told, "promptTokenCount") + _count(told, "toolUsePromptTokenCount")
    thoughts = _count(told, "thoughtsTokenCount")
    output = max(_count(told, "candidatesTokenCount") + thoughts, _count(told, "totalTokenCount") - prompt)
    return Usage(prompt, output, _count(told, "cachedContentTokenCount"), thoughts)


def _count(told: Mapping[str, object], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0
