"""How one provider's Chat Completions differ from the others'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet_http import OptionTable, thinking_level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.model_io import ModelRequest

FIELDS = frozenset({
    "audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "metadata",
    "modalities", "moderation", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier",
    "seed", "service_tier", "stop", "store", "stream_options", "temperature", "top_logprobs", "top_p", "user",
    "verbosity", "web_search_options",
})  # fmt: skip
"""The body fields of POST /chat/completions that are a matter of taste (openai-python 3.54, October 2026)."""

_OWNED = {
    "n": "An answer is one message: call the model again",
    "functions": "Use tools",
    "function_call": "Use ModelRequest(tool_choice=...)",
}
_SETTINGS = ("include_usage", "organization", "project")


def reasoning_effort(value: object) -> dict[str, object]:
    """The common option ``thinking`` as ``reasoning_effort``: a budget becomes the effort that is nearest to it."""
    level = thinking_level(value)
    if level is True:
        return {}
    if not level:
        return {"reasoning_effort": "none"}
    if isinstance(level, int):
        level = "low" if level <= 2048 else "medium" if level <= 8192 else "high"
    return {"reasoning_effort": level}


def chat_options(
    *,
    fields: frozenset[str] = FIELDS,
    max_tokens: str = "max_tokens",
    thinking: Callable[[object], Mapping[str, object]] = reasoning_effort,
) -> OptionTable:
    """Return the options of a provider: ``max_tokens`` is its name for that one, ``thinking`` says it in its fields."""
    return OptionTable(
        fields,
        translations={"thinking": thinking, "max_tokens": lambda value: {max_tokens: value}},
        settings=_SETTINGS,
        owned=_OWNED,
    )


@dataclass(slots=True)
class Dialect:
    """What to say differently.

    ``include_usage`` asks for the usage at the end of a stream; ``adapt`` changes the finished body.
    """

    options: OptionTable
    include_usage: bool = True
    adapt: Callable[[dict[str, object], ModelRequest], None] | None = None
