"""Fits a finished body to its model: what the API would refuse is changed or left out, with a note in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.scope import note
from trouplet_anthropic.options import LEAST_BUDGET, SAMPLING
from trouplet_anthropic.turns import begun_without_thinking, without_thinking

if TYPE_CHECKING:
    from trouplet_anthropic.traits import Traits

    Body = dict[str, object]

_OFF = ("disabled", "between_tools")
_DROP_BOUND = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}}
_LARGE_EFFORTS = ("xhigh", "max")


def fit(body: Body, traits: Traits) -> None:
    """Change a body of this generation until the API takes it."""
    thinking = _thinking_type(body)
    if traits.bound_thinking:
        _bind(body, thinking)
    if thinking == "enabled":
        _fit_budget(body)
        thinking = _thinking_type(body)
    on = thinking not in _OFF if thinking else traits.thinks_unasked
    _fit_effort(body, traits, on=on)
    _fit_sampling(body, traits, on=on)
    if traits.sampling != "any":  # other servers of this protocol take more values than Claude does
        _fit_values(body)
    _fit_choice(body, traits, on=on)


def _thinking_type(body: Body) -> object:
    thinking = body.get("thinking")
    return thinking.get("type") if isinstance(thinking, dict) else None


def _bind(body: Body, thinking: object) -> None:
    """Have the API leave out earlier thinking that no longer fits to what is before it, instead of refusing all.

    A history may have lost its oldest messages, or be read under another system prompt. With thinking turned off there
    is no such switch: earlier thinking then stays at home.
    """
    if thinking in _OFF:
        turns = body["messages"]
        assert isinstance(turns, list)
        body["messages"] = left = without_thinking(turns)
        if len(left) != len(turns) or any([a is not b for a, b in zip(left, turns, strict=True)]):
            note("what the model thought earlier was not sent back: thinking is turned off")
    else:
        given = body.get("thinking")
        body["thinking"] = {"type": "adaptive", **_DROP_BOUND, **(given if isinstance(given, dict) else {})}


def _fit_budget(body: Body) -> None:
    """Leave room for an answer beside the budget; a turn that was begun without thinking goes on without it."""
    thinking, limit, turns = body["thinking"], body["max_tokens"], body["messages"]
    assert isinstance(thinking, dict)
    assert isinstance(turns, list)
    if begun_without_thinking(turns):
        note("the model had begun to use tools without thinking: it goes on without it until they are done")
        del body["thinking"]
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(limit, int) or not isinstance(budget, int) or budget < limit:
        return
    if limit <= LEAST_BUDGET:
        raise BadSetting(
            f"max_tokens={limit} leaves no room to think", fix=f"Raise it over {LEAST_BUDGET}, or set thinking=False"
        )
    body["thinking"] = {**thinking, "budget_tokens": max(LEAST_BUDGET, limit // 2)}


def _fit_effort(body: Body, traits: Traits, *, on: bool) -> None:
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if not isinstance(effort, str) or not isinstance(config, dict):
        return
    fitting = effort if effort in traits.efforts else "high" if effort in _LARGE_EFFORTS and traits.efforts else None
    if fitting in _LARGE_EFFORTS and not on and traits.thinks_unasked:
        fitting = "high"
    if fitting == effort:
        return
    instead = "it was left out" if fitting is None else f"it was asked with {fitting!r}"
    note(f"the model does not take the effort {effort!r}: {instead}")
    left = {name: value for name, value in config.items() if name != "effort"}
    body["output_config"] = {**left, "effort": fitting} if fitting else left
    if not body["output_config"]:
        del body["output_config"]


def _fit_sampling(body: Body, traits: Traits, *, on: bool) -> None:
    given = [name for name in SAMPLING if name in body]
    if not given:
        return
    if traits.sampling == "none" or on:
        why = "this generation of models" if traits.sampling == "none" else "a model that thinks"
        note(f"{', '.join(given)} left out: not taken by {why}")
        for name in given:
            del body[name]
    elif traits.sampling == "one" and "temperature" in body and "top_p" in body:
        note("top_p left out: not taken together with temperature")
        del body["top_p"]


def _fit_values(body: Body) -> None:
    temperature, stops = body.get("temperature"), body.get("stop_sequences")
    if isinstance(temperature, (int, float)) and temperature > 1:
        note(f"temperature {temperature} is more than Claude takes: it was asked with 1")
        body["temperature"] = 1
    if isinstance(stops, (list, tuple)) and not all([str(stop).strip() for stop in stops]):
        note("stop words of nothing but white space were left out: Claude does not take them")
        body["stop_sequences"] = [stop for stop in stops if str(stop).strip()]


def _fit_choice(body: Body, traits: Traits, *, on: bool) -> None:
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice["type"] not in ("any", "tool"):
        return
    refused = traits.forced_tools_refused
    if refused == "always" or (refused == "thinking" and on):
        note("the model cannot be made to call a tool: it was asked with tool_choice 'auto'")
        body["tool_choice"] = {**{k: v for k, v in choice.items() if k != "name"}, "type": "auto"}
