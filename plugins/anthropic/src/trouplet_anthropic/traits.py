"""What the Messages API takes and refuses, by the generation of the model.

The generations differ in what is an error 400: fixed thinking budgets, sampling, forced tools, an answer that is begun
for the model. A name tells its line and version; a Claude that is newer than this plugin is taken to be like the newest
one here, and a model that is no Claude (behind a compatible endpoint) is asked in the oldest form, which all servers of
this protocol know.

Sources: Anthropic's pages on thinking, effort, preserved thinking and mid-conversation system messages, and the
migration guides of Claude 4.6 to 5.5 (November 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

_NAME = re.compile(
    r"claude-(?:(?P<line>[a-z]+)-)?(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?(?!\d)(?:-(?P<after>[a-z]+))?"
)
_PREVIEW = "claude-mythos-preview"
_LAST_MAJOR = 5

EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(slots=True, frozen=True)
class Traits:
    """How one generation wants to be asked; the defaults are those of the oldest.

    - ``thinking`` is turned on with a ``budget``, or with the word ``adaptive``, or the model ``always`` thinks;
      ``thinking_off`` is what turns it off, ``thinks_unasked`` says that it thinks unless it is turned off;
    - ``efforts`` are the values of ``output_config.effort``;
    - ``forced_tools_refused``: being made to call a tool is refused ``never``, while ``thinking``, or ``always``;
    - ``sampling``: of ``temperature`` and ``top_p``, ``any`` are taken, ``one`` at a time, or ``none``;
    - ``prefill``: the last message may be the assistant's, an answer that is begun for the model;
    - ``system_turns``: system messages may stand among the others;
    - ``bound_thinking``: earlier thinking is refused when anything before it is not what it was.
    """

    thinking: Literal["budget", "adaptive", "always"] = "budget"
    thinking_off: Literal["disabled", "between_tools"] = "disabled"
    thinks_unasked: bool = False
    efforts: tuple[str, ...] = ()
    forced_tools_refused: Literal["never", "thinking", "always"] = "thinking"
    sampling: Literal["any", "one", "none"] = "any"
    prefill: bool = True
    system_turns: bool = False
    bound_thinking: bool = False


_OLDEST = Traits()
_NEWEST = Traits(
    thinking="always",
    thinks_unasked=True,
    efforts=EFFORTS,
    forced_tools_refused="always",
    sampling="none",
    prefill=False,
    system_turns=True,
    bound_thinking=True,
)


@cache
def traits_of(model: str) -> Traits:
    """Return how a model wants to be asked."""
    if _PREVIEW in model:
        return Traits("always", thinks_unasked=True, efforts=EFFORTS, sampling="none", prefill=False)
    found = _NAME.search(model)
    if found is None:
        return _NEWEST if "claude-" in model else _OLDEST
    line = found["line"] or found["after"] or ""
    version = (int(found["major"]), int(found["minor"] or 0))
    return _traits(line, version) if version[0] <= _LAST_MAJOR else _NEWEST


def _traits(line: str, version: tuple[int, int]) -> Traits:
    always = line in ("fable", "mythos") or (line == "opus" and version >= (5, 5))
    between_tools = line == "sonnet" and version >= (5, 5)
    return Traits(
        thinking="always" if always else "adaptive" if version >= (4, 6) else "budget",
        thinking_off="between_tools" if between_tools else "disabled",
        thinks_unasked=always or version >= (5, 0),
        efforts=_efforts(line, version),
        forced_tools_refused=_forced_tools_refused(line, version),
        sampling="any" if version < (4, 1) else "one" if version < (4, 7) else "none",
        prefill=version < (4, 6),
        system_turns=version >= (4, 8) and (line, version) != ("sonnet", (5, 0)),
        bound_thinking=version >= (5, 1),
    )


def _efforts(line: str, version: tuple[int, int]) -> tuple[str, ...]:
    if version >= (4, 7):
        return EFFORTS
    if version >= (4, 6):
        return ("low", "medium", "high", "max")
    return EFFORTS[:3] if (line, version) == ("opus", (4, 5)) else ()


def _forced_tools_refused(line: str, version: tuple[int, int]) -> Literal["never", "thinking", "always"]:
    if version >= (5, 1) and line != "haiku":
        return "always"
    return "never" if version >= (4, 8) else "thinking"
