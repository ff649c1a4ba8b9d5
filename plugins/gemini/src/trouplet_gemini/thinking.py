"""The common option ``thinking`` in the words of the Gemini API: a level since Gemini 3, a budget of tokens before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import thinking_level

if TYPE_CHECKING:
    from trouplet_gemini.generation import Generation

# The budgets that Google's own OpenAI-compatible endpoint gives to the efforts of these names.
_BUDGETS = {"low": 1024, "medium": 8192, "high": 24_576}


def thinking_config(value: object, generation: Generation) -> dict[str, object]:
    """Return the ``thinkingConfig`` for a value of the option; thoughts are shown unless thinking is turned off."""
    effort = thinking_level(value)
    if effort is True:
        return {"includeThoughts": True}
    if effort is False or effort == 0:
        return {"includeThoughts": False, **_least(generation)}
    if generation.levels:
        return {"includeThoughts": True, "thinkingLevel": _level(effort, generation.levels)}
    return {"includeThoughts": True, "thinkingBudget": _budget(effort, generation.budgets)}


def _least(generation: Generation) -> dict[str, object]:
    """As little thinking as the model can do: most cannot do without."""
    if generation.levels:
        return {"thinkingLevel": generation.levels[0]}
    return {"thinkingBudget": generation.least_budget}


def _level(effort: int | str, levels: tuple[str, ...]) -> str:
    """The level of that name, or the one nearest to a budget; the next lower where the model has none of that name."""
    if isinstance(effort, int):
        effort = next((name for name in ("low", "medium") if effort <= _BUDGETS[name]), "high")
    wanted = effort.upper()
    if wanted in levels:
        return wanted
    return levels[0] if wanted == "LOW" else levels[-1]


def _budget(effort: int | str, budgets: tuple[int, int]) -> int:
    tokens = effort if isinstance(effort, int) else _BUDGETS[effort]
    least, most = budgets
    return max(least, min(tokens, most))
