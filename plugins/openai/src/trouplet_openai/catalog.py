"""What is known about OpenAI's models without asking: sizes, capabilities, and what Chat Completions refuses of them.

Figures are those of the vendor's model pages in November 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.model_io import ModelInfo

if TYPE_CHECKING:
    from trouplet.model_io import Capability

OPENAI_URL = "https://api.openai.com/v1"

COMMON: frozenset[Capability] = frozenset({"tools", "tool_choice", "parallel_tools", "streaming", "system"})
"""What an endpoint is taken to understand when nothing else is known of it."""

_CURRENT: frozenset[Capability] = frozenset({*COMMON, "json_schema", "vision"})
_REASONING: frozenset[Capability] = frozenset({*_CURRENT, "thinking"})
_WITHOUT_TOOLS: frozenset[Capability] = _REASONING - {"tools", "tool_choice", "parallel_tools"}

MODELS = (
    # Astra has no effort "none", and Chat Completions refuses function tools at every other one.
    ModelInfo("openai", "gpt-6-astra", _WITHOUT_TOOLS, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-6-sol", _REASONING, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-6-luna", _REASONING, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-5.6-terra", _REASONING, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-5.6-luna", _REASONING, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-5.5", _REASONING, 1_050_000, 128_000),
    ModelInfo("openai", "gpt-5.4-mini", _REASONING, 400_000, 128_000),
    ModelInfo("openai", "gpt-5-mini", _REASONING, 400_000, 128_000),
    ModelInfo("openai", "gpt-4.1", _CURRENT, 1_047_576, 32_768),
)

_TOOLS_ONLY_WITHOUT_EFFORT = ("gpt-5.6", "gpt-6-sol", "gpt-6-luna")


def model_info(provider: str, model: str) -> ModelInfo:
    """Return what is known about a model; for one that is not in the catalogue, what its provider has in common."""
    if provider != "openai":
        return ModelInfo(provider, model, COMMON)
    return next((info for info in MODELS if info.name == model), ModelInfo(provider, model, _CURRENT))


def is_openai(base_url: str) -> bool:
    """Whether requests to this address go to OpenAI itself, in whichever region."""
    host = urlsplit(base_url).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def speaks_completion_tokens(base_url: str) -> bool:
    """Whether the endpoint wants ``max_completion_tokens`` where others know only ``max_tokens``: OpenAI and Azure."""
    host = urlsplit(base_url).hostname or ""
    return is_openai(base_url) or host.endswith((".openai.azure.com", ".services.ai.azure.com"))


def needs_no_effort(model: str) -> bool:
    """Whether OpenAI takes function tools for this model only together with ``reasoning_effort: "none"``."""
    return model.startswith(_TOOLS_ONLY_WITHOUT_EFFORT)
