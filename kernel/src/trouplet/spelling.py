"""Suggestions for misspelt names."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the question "Did you mean …?" for the known name that is nearest to ``word``, or an empty text."""
    from difflib import get_close_matches  # only errors need it

    nearest = get_close_matches(word, list(known), n=1)
    return f"Did you mean {nearest[0]!r}?" if nearest else ""
