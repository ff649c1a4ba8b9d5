"""Finds a model that is stuck: small ones may make the same call with the same result again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.messages import ToolResultBlock, ToolUseBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.messages import Msg


def stuck_on(messages: Sequence[Msg]) -> str | None:
    """Return the tool that was called twice in a row with the same arguments and the same result, if that was last.

    It is left out of the next step's grammar, which gives the model something else to do.
    """
    if not messages or messages[-1].role != "tool":
        return None
    calls = [block for msg in messages[-4:] for block in msg.blocks(ToolUseBlock)][-2:]
    results = [block for msg in messages[-4:] for block in msg.blocks(ToolResultBlock)][-2:]
    if len(calls) < 2 or len(results) < 2:
        return None
    same_call = (calls[0].name, calls[0].input) == (calls[1].name, calls[1].input)
    return calls[1].name if same_call and results[0].text == results[1].text else None
