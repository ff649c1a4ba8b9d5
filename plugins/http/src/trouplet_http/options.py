"""Options of a call: which there are, and how they become fields of a request body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.secret import Secret
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    Translation = Callable[[object], Mapping[str, object]]

COMMON_OPTIONS = frozenset(("max_tokens", "stop", "temperature", "thinking", "top_p"))
"""Options that every provider's plugin takes under these names, and translates into its own."""

_SETTINGS = frozenset({
    "api_key", "api_key_variable", "base_url", "capabilities", "client", "deadline", "formatter", "headers",
    "idle_timeout", "info", "media", "provider", "retry", "stream",
})  # fmt: skip

_OWNED = {
    "messages": "It comes from the request's messages",
    "model": "Name it when you make the model",
    "stream": "Make the model with stream=False",
    "system": "Use the agent's sys_prompt, or a message in the role 'system'",
    "tools": "Give tools to the agent, or ModelRequest(tools=...)",
    "tool_choice": "Use ModelRequest(tool_choice=...)",
}


class OptionTable:
    """The options of one provider's API.

    ``fields`` are the names that go into the body as they are. ``translations`` turn the value of an option into body
    fields, for those whose name or form differs. ``settings`` are given when a model is made and not with a call,
    ``owned`` are fields that the plugin fills itself, each with what to use instead: both are here for the sake of the
    errors that they get. Every table knows ``extra_body`` (fields that it does not know) and ``extra_headers``.
    """

    def __init__(
        self,
        fields: Collection[str],
        *,
        translations: Mapping[str, Translation] | None = None,
        settings: Collection[str] = (),
        owned: Mapping[str, str] | None = None,
    ) -> None:
        self._translations = translations or {}
        self._owned = _OWNED | dict(owned or {})
        self._settings = _SETTINGS | frozenset(settings)
        self._known = frozenset(fields) | self._translations.keys() | {"extra_body", "extra_headers"}

    def check(self, options: Mapping[str, object]) -> None:
        """Raise ``BadSetting`` for an option that does not exist, or that cannot have its value."""
        for name in options:
            if name not in self._known:
                raise self._unknown(name)
        self.body_fields(options)
        header_options(options)
        taken = [name for name in _mapping(options, "extra_body") if name in self._owned]
        if taken:
            raise BadSetting(f"extra_body sets {taken[0]!r}", fix=self._owned[taken[0]])

    def body_fields(self, options: Mapping[str, object]) -> dict[str, object]:
        """Turn checked options into body fields; an option that is None is left to the provider."""
        made: dict[str, object] = {}
        for name, value in options.items():
            if value is None or name in ("extra_body", "extra_headers"):
                continue
            translate = self._translations.get(name)
            fields = {name: value} if translate is None else translate(value)
            twice = made.keys() & fields.keys()
            if twice:
                raise BadSetting(f"{name!r} and another option both set {twice.pop()!r}", fix="Keep one of them")
            made |= fields
        return made

    def _unknown(self, name: str) -> BadSetting:
        if name in self._owned:
            return BadSetting(f"{name!r} is not an option of a model", fix=self._owned[name])
        if name in self._settings:
            return BadSetting(f"{name!r} is not an option of a call", fix="Give it when you make the model")
        return BadSetting(
            f"unknown option {name!r}",
            why=did_you_mean(name, self._known | self._settings),
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


def extra_body(options: Mapping[str, object]) -> Mapping[str, object]:
    """The body fields that were given as they are."""
    return _mapping(options, "extra_body")


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


def thinking_level(value: object) -> bool | int | str:
    """Check the common option ``thinking``: off or on, ``low``, ``medium`` or ``high``, or a budget in tokens."""
    if isinstance(value, bool) or value in ("low", "medium", "high"):
        return value
    if isinstance(value, int) and value >= 0:
        return value
    raise BadSetting(f"thinking={value!r}", fix='Use True, False, "low", "medium", "high", or a number of tokens')
