"""What is known about OpenAI's models and endpoints without asking: sizes, capabilities, what each API refuses.

Figures are those of the vendor's model pages in November 2026. They are kept in ``models.json``, without the models
that OpenAI has shut down by then (its page on deprecations).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.catalogue import Catalogue

if TYPE_CHECKING:
    from trouplet.model_io import Capability, ModelInfo

OPENAI_URL = "https://api.openai.com/v1"

_TOOLS_ONLY_WITHOUT_EFFORT = ("gpt-6.1-terra", "gpt-6-sol", "gpt-6-luna", "gpt-5.6", "gpt-5.5", "gpt-5.4")
_NO_TOOLS_IN_CHAT = ("gpt-6.2", "gpt-6.1-sol", "gpt-6-astra")
_ONLY_IN_CHAT = ("gpt-audio", "gpt-5-search-api")
_TOOL_CAPABILITIES: frozenset[Capability] = frozenset((
    "tools", "tool_choice", "parallel_tools", "json_schema_tools",
))  # fmt: skip
_UNHEARD: frozenset[Capability] = frozenset(("audio", "video"))


def model_info(provider: str, model: str) -> ModelInfo:
    """Return what is known about a model; for one that is not in the catalogue, what its provider has in common."""
    info = Catalogue.of_package("trouplet_openai").info(provider, model.removeprefix("ft:"))
    return info if info.name == model else replace(info, name=model)


def belongs(model: str, families: tuple[str, ...]) -> bool:
    """Whether a model is one of these, or a version of one: ``gpt-5`` has ``gpt-5-mini`` in it, and not ``gpt-5.1``."""
    name = model.removeprefix("ft:")
    return any([name == family or name.startswith((f"{family}-", f"{family}:")) for family in families])


def in_chat(info: ModelInfo, base_url: str) -> ModelInfo:
    """Return what is left of a model's capabilities in Chat Completions.

    Models that cannot do without reasoning take no function tools there, since OpenAI's Chat Completions takes them
    only together with ``reasoning_effort: "none"`` (guide "Using GPT-6", November 2026).
    """
    if hosts_openai(base_url) and belongs(info.name, _NO_TOOLS_IN_CHAT):
        return replace(info, capabilities=info.capabilities - _TOOL_CAPABILITIES)
    return info


def in_responses(info: ModelInfo) -> ModelInfo:
    """Return what is left of a model's capabilities in the Responses API, which takes text, images and files."""
    if _UNHEARD & info.capabilities:
        return replace(info, capabilities=info.capabilities - _UNHEARD)
    return info


def needs_no_effort(model: str) -> bool:
    """Whether OpenAI's Chat Completions takes function tools for this model only without reasoning."""
    return belongs(model, _TOOLS_ONLY_WITHOUT_EFFORT)


def usual_api(model: str, base_url: str) -> str:
    """Return the API by which a model is asked when nobody says: ``responses`` at OpenAI itself, ``chat`` elsewhere."""
    return "responses" if is_openai(base_url) and not belongs(model, _ONLY_IN_CHAT) else "chat"


def is_openai(base_url: str) -> bool:
    """Whether requests to this address go to OpenAI itself, in whichever region."""
    host = urlsplit(base_url).hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


def hosts_openai(base_url: str) -> bool:
    """Whether OpenAI's models are behind this address: at OpenAI itself, or at Azure."""
    host = urlsplit(base_url).hostname or ""
    return is_openai(base_url) or host.endswith((".openai.azure.com", ".services.ai.azure.com"))
