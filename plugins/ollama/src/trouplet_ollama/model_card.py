"""What Ollama says about a model: POST /api/show (Ollama API reference, Show model details, November 2026)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Capability, ModelInfo
    from trouplet_http import Endpoint

PATH = "/api/show"

_TOLD: Mapping[str, tuple[Capability, ...]] = {
    "completion": (),
    "tools": ("tools", "parallel_tools"),
    "vision": ("vision",),
    "thinking": ("thinking",),
}


async def ask_for_card(endpoint: Endpoint, model: str) -> Mapping[str, object]:
    """Return what Ollama says about a model."""
    return await endpoint.post_json(PATH, {"model": model})


def described(info: ModelInfo, card: Mapping[str, object]) -> ModelInfo:
    """Return ``info`` as the card has it; what the card does not tell stays as it was."""
    told = card.get("capabilities")
    if not isinstance(told, list):
        return info
    of_card = {name for names in _TOLD.values() for name in names}
    found = {name for word in told if isinstance(word, str) for name in _TOLD.get(word, ())}
    capabilities = (info.capabilities - of_card) | found
    return replace(
        info, capabilities=capabilities, context_window=_context_window(card.get("model_info")) or info.context_window
    )


def _context_window(facts: object) -> int | None:
    """The figure in the model's file, which is named after its architecture: ``qwen3.context_length``."""
    if not isinstance(facts, dict):
        return None
    value = facts.get(f"{facts.get('general.architecture')}.context_length")
    return value if type(value) is int and value > 0 else None
