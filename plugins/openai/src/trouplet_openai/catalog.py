"""What is known about OpenAI's models and endpoints without asking: sizes, capabilities, what each API refuses.

Figures are those of the vendor's model pages in November 2026; they are kept in ``models.json``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.catalogue import Catalogue

if TYPE_CHECKING:
    from trouplet.model_io import Capability, ModelInfo

OPENAI_URL = "https://api.openai.com/v1"

_TOOLS_ONLY_WITHOUT_EFFORT = ("gpt-5.6", "gpt-6-sol", "gpt-6-luna")
_NO_TOOLS_IN_CHAT = ("gpt-6-astra",)
_TOOL_CAPABILITIES: frozenset[Capability] = frozenset((
    "tools", "tool_choice", "parallel_tools", "json_schema_tools",
))  # fmt: skip


def model_info(provider: str, model: str) -> ModelInfo:
    """Return what is known about a model; for one that is not in the catalogue, what its provider has in common."""
    return Catalogue.of_package("trouplet_openai").info(provider, model)


def in_chat(info: ModelInfo, base_url: str) -> ModelInfo:
    """Return what is left of a model's capabilities in Chat Completions.

    Astra has no effort "none", and OpenAI's Chat Completions refuse function tools at every other one.
    """
    if is_openai(base_url) and info.name.startswith(_NO_TOOLS_IN_CHAT):
        return replace(info, capabilities=info.capabilities - _TOOL_CAPABILITIES)
    return info


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
