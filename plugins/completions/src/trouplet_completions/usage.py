"""What an answer says about itself: its tokens, and why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import FinishReason

_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
}


def finish_reason(reason: object, *, calls: bool) -> FinishReason:
    """Translate the provider's word for why the answer ended.

    OpenAI says ``stop`` when a forced tool was called, and several gateways always do: an answer with calls that ended
    by itself has ended in its calls.
    """
    known = _REASONS.get(reason, "other") if isinstance(reason, str) else "other"
    if known in ("stop", "tool_calls"):
        return "tool_calls" if calls else "stop"
    return known


def usage_of(answer: Mapping[str, object]) -> Usage | None:
    """Read the usage of a chunk or a whole answer, wherever the provider puts it; None when it is not there."""
    usage = answer.get("usage") or _in_choice(answer) or _in(answer.get("x_groq"), "usage")
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    prompt, completion = usage["prompt_tokens"], _count(usage.get("completion_tokens"))
    # xAI and Gemini leave reasoning out of completion_tokens, and count it in the total.
    output = max(completion, _count(usage.get("total_tokens")) - prompt)
    details = usage.get("prompt_tokens_details")
    cached = _in(details, "cached_tokens")
    reasoning = _in(usage.get("completion_tokens_details"), "reasoning_tokens")
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cached_tokens=_count(cached or usage.get("prompt_cache_hit_tokens") or usage.get("cached_tokens")),
        reasoning_tokens=_count(reasoning),
        cache_write_tokens=_count(_in(details, "cache_write_tokens")),
    )


def _in_choice(answer: Mapping[str, object]) -> object:
    """Moonshot's place for it: inside the last choice."""
    choices = answer.get("choices")
    return _in(choices[0], "usage") if isinstance(choices, list) and choices else None


def _in(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
