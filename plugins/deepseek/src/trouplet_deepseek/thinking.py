"""DeepSeek's thinking mode: how it is asked for, and what it rules out.

It is on unless it is turned off. A model that thinks refuses to be made to call a tool, and does not look at some of
the sampling options (DeepSeek API docs, Thinking Mode, November 2026; "Thinking mode does not support this
tool_choice" is the API's answer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trouplet.scope import note
from trouplet_http import thinking_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelRequest

OFF: Final[Mapping[str, str]] = {"type": "disabled"}
_ON: Final[Mapping[str, str]] = {"type": "enabled"}
_LITTLE, _MUCH = 4_096, 32_768
_WITHOUT_EFFECT = ("temperature", "presence_penalty", "frequency_penalty")


def thinking_fields(value: object) -> dict[str, object]:
    """The common option ``thinking`` in DeepSeek's fields. There is no effort ``medium``: the API takes it for high."""
    level = thinking_level(value)
    if level is True:
        return {"thinking": dict(_ON)}
    if level in (False, 0):
        return {"thinking": dict(OFF)}
    if isinstance(level, int):
        level = "low" if level <= _LITTLE else "high" if level <= _MUCH else "max"
    return {"thinking": dict(_ON), "reasoning_effort": "high" if level == "medium" else level}


def thinks(body: Mapping[str, object]) -> bool:
    """Whether a model thinks that is asked with these fields."""
    return body.get("thinking") != OFF


def keep_to_the_mode(body: dict[str, object], request: ModelRequest) -> None:
    """Take out of a request what a model that thinks would refuse, and say what it will not look at."""
    if not thinks(body):
        return
    choice = body.get("tool_choice")
    if choice not in (None, "none"):
        del body["tool_choice"]
        if choice != "auto":
            note(f"{body['model']} cannot be made to call a tool while it thinks (thinking=False makes it possible)")
    for name in _WITHOUT_EFFECT:
        if name in body:
            note(f"{name} has no effect while {body['model']} thinks (thinking=False gives it one)")
