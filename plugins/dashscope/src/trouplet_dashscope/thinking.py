"""How DashScope's models think: whether they do unasked, how to ask for it, and what they refuse meanwhile.

A model that thinks refuses to be made to call a tool and, but for the newest, to answer in JSON of a schema. Sources:
Model Studio's guides to deep thinking, function calling and structured output, Qwen Cloud's to thinking (2026).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from trouplet_http import thinking_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Capability, ModelInfo

    ThinkingMode = Literal["never", "asked", "unasked", "always"]

_ALWAYS = re.compile(r"qwq|qvq|deepseek-r1|qwen3\.8-2\.4t|.*-thinking\b")
_WHEN_ASKED = re.compile(r"qwen-(plus|flash|turbo)|qwen3-(max|vl-(plus|flash)|omni)|deepseek-v3")

_LOST_IN_THOUGHT: frozenset[Capability] = frozenset(("tool_choice", "json_schema", "json_schema_tools"))

BUDGETS = {"low": 4096, "medium": 16_384}
"""What the vendor's own ``reasoning_effort`` stands for; the highest is the longest that the model can."""


def thinking_mode(info: ModelInfo) -> ThinkingMode:
    """Whether a model thinks ``never``, when ``asked``, ``unasked`` unless it is turned off, or ``always``.

    A model that is not known is taken to think unasked, as all new ones do.
    """
    if "thinking" not in info.capabilities:
        return "never"
    if _ALWAYS.match(info.name):
        return "always"
    return "asked" if _WHEN_ASKED.match(info.name) else "unasked"


def thinking_fields(value: object, mode: ThinkingMode) -> Mapping[str, object]:
    """Say the common option ``thinking`` in the API's words."""
    level = thinking_level(value)
    if level is False or level == 0:
        return {"enable_thinking": False} if mode in ("asked", "unasked") else {}
    budget = BUDGETS.get(level) if isinstance(level, str) else level if level is not True else None
    fields: dict[str, object] = {} if mode == "always" else {"enable_thinking": True}
    return fields if budget is None else {**fields, "thinking_budget": budget}


def thinks(parameters: Mapping[str, object], mode: ThinkingMode) -> bool:
    """Whether the model thinks when it is asked with these parameters."""
    asked = parameters.get("enable_thinking")
    return mode == "always" or (mode != "never" and (mode == "unasked" if asked is None else bool(asked)))


def without_what_thinking_costs(info: ModelInfo) -> ModelInfo:
    """Return what is left of a model's capabilities while it thinks."""
    return replace(info, capabilities=info.capabilities - _LOST_IN_THOUGHT)
