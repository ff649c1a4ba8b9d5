"""What OpenAI's reasoning models take and refuse, in both of its chat APIs.

Sources: OpenAI's model pages, and its guides "Reasoning models" and "Using GPT-6" (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.scope import note
from trouplet_http import thinking_level
from trouplet_openai.catalog import belongs

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAMPLING = (
    "temperature", "top_p", "top_logprobs", "logprobs", "presence_penalty", "frequency_penalty", "logit_bias", "stop",
)  # fmt: skip
_EFFORTS = ("none", "minimal", "low", "medium", "high")

_LEAST_EFFORT = {
    "low": ("gpt-6.2", "gpt-6.1-sol", "gpt-6-astra", "gpt-5.3-codex", "o3"),
    "medium": ("gpt-5.5-pro", "gpt-5.4-pro", "gpt-5.2-pro"),
    "high": ("gpt-5-pro",),
    "minimal": ("gpt-5",),
}
"""The least effort of models that cannot do without reasoning, the first that fits; all others have ``none``."""

_NONE_UNLESS_ASKED = ("gpt-5.4", "gpt-5.2", "gpt-5.1")
"""Models that do not reason unless an effort is asked for."""


def effort_of(model: str, thinking: object) -> str | None:
    """Return the effort for the common option ``thinking``, the nearest that the model has; None leaves it open."""
    level = thinking_level(thinking)
    if level is True:
        return "medium" if belongs(model, _NONE_UNLESS_ASKED) else None
    if not level:
        wanted = "none"
    elif isinstance(level, int):
        wanted = "low" if level <= 2048 else "medium" if level <= 8192 else "high"
    else:
        wanted = str(level)
    return max(wanted, least_effort(model), key=_EFFORTS.index)


def least_effort(model: str) -> str:
    """Return the least effort that a model takes."""
    return next((effort for effort, models in _LEAST_EFFORT.items() if belongs(model, models)), "none")


def drop_sampling(body: dict[str, object], effort: object) -> None:
    """Take the sampling options out of a request to a model that reasons: it refuses them.

    ``effort`` is that of the request, None when it leaves it to the model.
    """
    model = str(body["model"])
    if effort is None and least_effort(model) == "none" and belongs(model, _NONE_UNLESS_ASKED):
        return
    refused = [] if effort == "none" else [name for name in _SAMPLING if name in body]
    for name in refused:
        del body[name]
        note(f"{name} was left out: {model} does not take it while it reasons (reasoning_effort='none' turns that off)")


def merged(body: Mapping[str, object], name: str, **fields: object) -> dict[str, object]:
    """The object ``name`` of a body with more fields in it."""
    found = body.get(name)
    return {**(found if isinstance(found, dict) else {}), **fields}
