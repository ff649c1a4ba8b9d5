"""Options of a call: which there are, and how they become fields of the request body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.secret import Secret
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_FIELDS = frozenset({
    "audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "metadata",
    "modalities", "moderation", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier",
    "seed", "service_tier", "stop", "store", "stream_options", "temperature", "top_logprobs", "top_p", "user",
    "verbosity", "web_search_options",
})  # fmt: skip
"""The body fields of POST /chat/completions that are a matter of taste (openai-python 3.54, October 2026)."""

OPTIONS = BODY_FIELDS | {"extra_body", "extra_headers"}

_SETTINGS = frozenset({
    "api_key", "api_key_variable", "base_url", "capabilities", "client", "deadline", "formatter", "headers",
    "idle_timeout", "include_usage", "info", "organization", "project", "provider", "retry",
})  # fmt: skip
"""What is given when the model is made and not with a call; named here for the sake of suggestions."""

_OWNED = {
    "messages": "It comes from the request's messages",
    "model": "Name it when you make the model",
    "stream": "Make the model with stream=False",
    "tools": "Give tools to the agent, or ModelRequest(tools=...)",
    "tool_choice": "Use ModelRequest(tool_choice=...)",
    "functions": "Use tools",
    "function_call": "Use ModelRequest(tool_choice=...)",
}
_OWNED_IN_EXTRA = ("messages", "model", "n", "stream")


def check_options(options: Mapping[str, object]) -> None:
    """Raise ``BadSetting`` for an option that does not exist, or that cannot have its value."""
    for name in options:
        if name not in OPTIONS:
            raise _unknown(name)
    if options.get("n") not in (None, 1):
        raise BadSetting(f"n={options['n']!r}: an answer is one message", fix="Leave n out and call the model again")
    if options.get("max_tokens") is not None and options.get("max_completion_tokens") is not None:
        raise BadSetting("max_tokens and max_completion_tokens are both set", fix="Keep one of them")
    header_options(options)
    taken = [name for name in _OWNED_IN_EXTRA if name in _mapping(options, "extra_body")]
    if taken:
        raise BadSetting(f"extra_body sets {taken[0]!r}", fix=_OWNED.get(taken[0], "Leave it out"))


def header_options(options: Mapping[str, object]) -> dict[str, str | Secret]:
    """The headers that are among the options."""
    headers = _mapping(options, "extra_headers")
    wrong = [name for name, value in headers.items() if not isinstance(value, (str, Secret))]
    if wrong:
        raise BadSetting(f"extra_headers[{wrong[0]!r}] is a {type(headers[wrong[0]]).__name__}", fix="Give a str")
    return {name: value for name, value in headers.items() if isinstance(value, (str, Secret))}


def _mapping(options: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = options.get(name) or {}
    if not isinstance(value, dict):
        raise BadSetting(f"{name} is a {type(value).__name__}", fix=f"Give a dict, for example {name}={{...}}")
    return value


def _unknown(name: str) -> BadSetting:
    if name in _OWNED:
        return BadSetting(f"{name!r} is not an option of a chat model", fix=_OWNED[name])
    if name in _SETTINGS:
        return BadSetting(f"{name!r} is not an option of a call", fix="Give it when you make the model")
    return BadSetting(
        f"unknown option {name!r}",
        why=did_you_mean(name, OPTIONS | _SETTINGS),
        fix=f"A field that this plugin does not know goes through extra_body={{{name!r}: ...}}",
    )


def merged_options(*layers: Mapping[str, object]) -> dict[str, object]:
    """Lay options over each other, the last one on top; ``extra_body`` and ``extra_headers`` are laid key by key."""
    made: dict[str, object] = {}
    for layer in layers:
        for name, value in layer.items():
            below = made.get(name)
            both = name in ("extra_body", "extra_headers") and isinstance(below, dict) and isinstance(value, dict)
            made[name] = {**below, **value} if both else value  # type: ignore[dict-item]
    return made


def body_fields(options: Mapping[str, object], *, completion_tokens: bool) -> dict[str, object]:
    """Turn checked options into body fields; an option that is None is left to the provider.

    ``completion_tokens`` says that the endpoint's name for ``max_tokens`` is ``max_completion_tokens``.
    """
    made = {
        name: value
        for name, value in options.items()
        if value is not None and name not in ("n", "extra_body", "extra_headers")
    }
    if completion_tokens and "max_tokens" in made:
        made["max_completion_tokens"] = made.pop("max_tokens")
    made.update(_mapping(options, "extra_body"))
    return made
