"""What OpenAI's reasoning models take and refuse, in both of its chat APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.scope import note
from trouplet_http import thinking_level

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAMPLING = ("temperature", "top_p", "top_logprobs", "logprobs", "presence_penalty", "frequency_penalty", "logit_bias")

_LEAST_EFFORT = {"gpt-6-astra": "low", "gpt-5": "minimal", "gpt-5-mini": "minimal", "gpt-5-nano": "minimal"}
"""The least effort of models that cannot do without reasoning; all others have ``none``."""


def effort_of(model: str, thinking: object) -> str | None:
    """Return the effort for the common option ``thinking``; None leaves it to the model."""
    level = thinking_level(thinking)
    if level is True:
        return None
    if level is False:
        return _LEAST_EFFORT.get(model, "low" if model.startswith(("o1", "o3", "o4")) else "none")
    if isinstance(level, int):
        return "low" if level <= 2048 else "medium" if level <= 8192 else "high"
    return str(level)


def drop_sampling(body: dict[str, object], effort: object) -> None:
    """Take the sampling options out of a request to a model that reasons: it refuses them unless its effort is none."""
    refused = [] if effort == "none" else [name for name in _SAMPLING if name in body]
    for name in refused:
        del body[name]
        note(f"{name} was left out: {body['model']} takes it only with reasoning_effort='none'")


def merged(body: Mapping[str, object], name: str, **fields: object) -> dict[str, object]:
    """The object ``name`` of a body with more fields in it."""
    found = body.get(name)
    return {**(found if isinstance(found, dict) else {}), **fields}
