"""What is known about a model before anybody is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet_ollama.host import is_cloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo


def model_info(model: str, base_url: str) -> ModelInfo:
    """Return what the catalogue says of a model. Ollama's cloud enforces no schemas, whatever the model."""
    info = Catalogue.of_package("trouplet_ollama").info("ollama", model)
    if is_cloud(base_url) or model.endswith((":cloud", "-cloud")):
        return replace(info, capabilities=info.capabilities - {"json_schema"})
    return info


def with_context(info: ModelInfo, options: Mapping[str, object]) -> ModelInfo:
    """Return what is known of a model that is run with these options: it reads no more than ``num_ctx`` tokens."""
    runtime = options.get("options")
    inner = runtime.get("num_ctx") if isinstance(runtime, dict) else None
    window = options.get("num_ctx") or inner
    return replace(info, context_window=window) if type(window) is int and window > 0 else info
