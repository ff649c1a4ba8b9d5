"""The options of the Messages API, and how the common ones become its fields.

The fields are those of ``anthropic`` 2.12 (POST /v1/messages, November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet_http import OptionTable, thinking_level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet_anthropic.traits import Traits

SAMPLING = ("temperature", "top_p", "top_k")

_FIELDS = frozenset({
    *SAMPLING, "cache_control", "container", "diagnostics", "inference_geo", "max_tokens", "metadata", "output_config",
    "service_tier", "speed", "stop_sequences", "user_profile_id",
})  # fmt: skip

_BUDGETS = {"low": 2048, "medium": 8192, "high": 24_576}
_DEFAULT_BUDGET = 8192
LEAST_BUDGET = 1024

CACHE_TIMES = ("5m", "1h")


def options_of(traits: Traits) -> OptionTable:
    """Return the options of a model of this generation.

    ``cache``, ``disable_parallel_tool_use`` and ``strict_tools`` are no fields: they say how others are made.
    """

    def thinking(value: object) -> Mapping[str, object]:
        return thinking_fields(value, traits)

    return OptionTable(
        _FIELDS,
        translations={
            "thinking": thinking,
            "effort": lambda value: {"output_config": {"effort": value}},
            "stop": lambda value: {"stop_sequences": [value] if isinstance(value, str) else value},
            "cache": _checked_cache,
            "disable_parallel_tool_use": _switch("disable_parallel_tool_use"),
            "strict_tools": _switch("strict_tools"),
        },
        settings=("auth_token", "media"),
    )


def thinking_fields(value: object, traits: Traits) -> Mapping[str, object]:
    """Say the common option ``thinking`` in the API's words; a dict is taken as its own ``thinking`` field."""
    if isinstance(value, dict):
        return {"thinking": value}
    level = thinking_level(value)
    if level is False or level == 0:
        return _off(traits)
    if traits.thinking == "budget":
        return {"thinking": {"type": "enabled", "budget_tokens": _budget(level)}}
    made: dict[str, object] = {"thinking": {"type": "adaptive", "display": "summarized"}}
    if level is not True:
        made["output_config"] = {"effort": level if isinstance(level, str) else _effort(level)}
    return made


def thinks(options: Mapping[str, object], traits: Traits) -> bool:
    """Whether a model with these options thinks."""
    value = options.get("thinking")
    if traits.thinking == "always" or value is None:
        return traits.thinks_unasked
    if isinstance(value, dict):
        return value.get("type") not in ("disabled", "between_tools")
    return bool(value)


def _off(traits: Traits) -> Mapping[str, object]:
    if traits.thinking == "always":
        return {"output_config": {"effort": "low"}}
    return {"thinking": {"type": traits.thinking_off}}


def _budget(level: bool | int | str) -> int:
    if isinstance(level, str):
        return _BUDGETS[level]
    return _DEFAULT_BUDGET if level is True else max(LEAST_BUDGET, level)


def _effort(budget: int) -> str:
    return "low" if budget <= _BUDGETS["low"] else "medium" if budget <= _BUDGETS["medium"] else "high"


def _switch(name: str) -> Callable[[object], Mapping[str, object]]:
    def check(value: object) -> Mapping[str, object]:
        if not isinstance(value, bool):
            raise BadSetting(f"{name}={value!r}", fix="Use True or False")
        return {}

    return check


def _checked_cache(value: object) -> Mapping[str, object]:
    if value not in (True, False, *CACHE_TIMES):
        raise BadSetting(f"cache={value!r}", fix='Use True, False, "5m" or "1h"')
    return {}
