"""Tells whether a provider would accept a request as it arrived: strict simulators of what each refuses with a 400.

``trouplet.testing.history`` judges a history before it is formatted; these rules judge the JSON body that was sent.
Each protocol is a module of its own, named after what it checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from trouplet.testing.request_rules import (
    anthropic_messages,
    chat_completions,
    dashscope_generation,
    gemini_contents,
    ollama_chat,
    openai_responses,
)
from trouplet.testing.request_rules.json_shapes import lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rules: TypeAlias = Callable[[Mapping[str, object]], Iterator[str]]

PROTOCOLS: dict[str, Rules] = {
    "anthropic": anthropic_messages.violations,
    "dashscope": dashscope_generation.violations,
    "deepseek": chat_completions.strict_violations,
    "gemini": gemini_contents.violations,
    "ollama": ollama_chat.violations,
    "openai": chat_completions.violations,
    "openai-responses": openai_responses.violations,
}
"""The rules of each protocol, by its name."""


def violations(protocol: str, body: Mapping[str, object]) -> list[str]:
    """Return every rule of a protocol that the JSON body of a request breaks."""
    return [*PROTOCOLS[protocol](body), *lone_surrogates(body)]
