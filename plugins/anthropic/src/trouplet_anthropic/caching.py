"""Marks what the API keeps of a request, for the next request that begins in the same way.

At most four marks are allowed. One is on the system prompt, which tells the tools before it too, or on the last tool
when there is no system prompt; one is on the last turn of the user and one on that before it, so that the next request
finds a mark that is not too many blocks away. Source: Anthropic's page on prompt caching (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_anthropic.turns import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    Wire = dict[str, object]

_MARKED_TURNS = 2


def mark(body: dict[str, object], cache: object) -> None:
    """Put the marks into a body; whatever carries one is copied first."""
    control: Wire = {"type": "ephemeral"} if cache in (True, "5m") else {"type": "ephemeral", "ttl": cache}
    for name in ("system", "tools"):
        listed = body.get(name)
        if isinstance(listed, list) and listed:
            body[name] = _marked_last(listed, control)
            break
    turns = body["messages"]
    assert isinstance(turns, list)
    body["messages"] = _marked_turns(turns, control)


def _marked_turns(turns: Sequence[Wire], control: Wire) -> list[Wire]:
    made = list(turns)
    users = [n for n, turn in enumerate(made) if turn["role"] == "user"]
    for n in users[-_MARKED_TURNS:]:
        made[n] = {**made[n], "content": _marked_last(blocks(made[n]), control)}
    return made


def _marked_last(listed: Sequence[Wire], control: Wire) -> list[Wire]:
    return [*listed[:-1], {**listed[-1], "cache_control": control}]
