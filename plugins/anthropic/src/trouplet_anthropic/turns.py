"""Arranges formatted messages as the API wants them: the system prompt apart, then turns of user and assistant.

The messages that come in are kept with the history and are the same objects with every request: what has to differ is
copied here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from trouplet.scope import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet_anthropic.traits import Traits

    Wire = dict[str, object]

OPENING = "(Go on.)"
"""What the user is made to say where the API wants a word of the user and there is none."""

_THINKING = ("thinking", "redacted_thinking")


class Conversation(NamedTuple):
    """A history as the API takes it: the blocks of the system prompt, and the turns."""

    system: list[Wire]
    turns: list[Wire]


def arrange(messages: Sequence[Wire], traits: Traits) -> Conversation:
    """Arrange the messages of a formatter.

    Leading system messages are the system prompt. Later ones stay where they are if the model takes them there, and are
    the user's otherwise. The user begins, and, where an answer cannot be begun for the model, ends.
    """
    first = next((n for n, message in enumerate(messages) if message["role"] != "system"), len(messages))
    system = [block for message in messages[:first] for block in blocks(message)]
    turns = _merged(_placed(messages, first, traits))
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, user_turn(OPENING))
    if turns[-1]["role"] == "assistant":
        _end(turns, traits)
    return Conversation(system, turns)


def blocks(message: Wire) -> list[Wire]:
    """The content blocks of a wire message."""
    return cast("list[Wire]", message["content"])


def user_turn(text: str) -> Wire:
    """A turn in which the user says one thing."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def without_thinking(turns: Sequence[Wire]) -> list[Wire]:
    """The turns without what the model thought in them."""
    made: list[Wire] = []
    for turn in turns:
        left = [block for block in blocks(turn) if block["type"] not in _THINKING]
        if len(left) == len(blocks(turn)):
            made.append(turn)
        elif left:
            made.append({**turn, "content": left})
    return _merged(made)


def begun_without_thinking(turns: Sequence[Wire]) -> bool:
    """Whether the model is in the middle of its tools, and had not thought before it used the first."""
    place = len(turns) - 1
    begun: Wire | None = None
    while place > 0 and _is_results(turns[place]):
        begun = turns[place - 1]
        place -= 2
    return begun is not None and blocks(begun)[0]["type"] not in _THINKING


def _is_results(turn: Wire) -> bool:
    return turn["role"] == "user" and blocks(turn)[-1]["type"] == "tool_result"


def _placed(messages: Sequence[Wire], first: int, traits: Traits) -> list[Wire]:
    """The messages after the system prompt, system messages among them in a role that the model takes there."""
    placed = list(messages[first:])
    for n, message in enumerate(placed):
        if message["role"] == "system" and not (traits.system_turns and _may_stand(placed, n)):
            placed[n] = {"role": "user", "content": message["content"]}
    return placed


def _may_stand(placed: Sequence[Wire], n: int) -> bool:
    """Whether a system message may stand here: after a turn of the user, before one of the assistant or at the end."""
    return placed[n - 1]["role"] == "user" and (n + 1 == len(placed) or placed[n + 1]["role"] == "assistant")


def _merged(messages: Sequence[Wire]) -> list[Wire]:
    """Put messages of one role that follow each other into one turn, results of tools first."""
    turns: list[Wire] = []
    copied = False
    for message in messages:
        if not turns or turns[-1]["role"] != message["role"]:
            turns.append(message)
            copied = False
            continue
        if not copied:
            turns[-1] = {**turns[-1], "content": [*blocks(turns[-1])]}
            copied = True
        _append(blocks(turns[-1]), blocks(message))
    return turns


def _append(content: list[Wire], more: Sequence[Wire]) -> None:
    """Append blocks; the results of tools go before everything that is none, or the API refuses the calls."""
    if more[0]["type"] == "tool_result" and content[-1]["type"] != "tool_result":
        end = next((n for n, block in enumerate(content) if block["type"] != "tool_result"), len(content))
        content[end:end] = more
    else:
        content += more


def _end(turns: list[Wire], traits: Traits) -> None:
    """End a history that ends with the assistant: with its answer begun, or with a word of the user."""
    last = blocks(turns[-1])[-1]
    if not traits.prefill or last["type"] != "text":
        note("the history ends with the assistant's words: the user was made to say: Go on")
        turns.append(user_turn(OPENING))
        return
    text = str(last["text"]).rstrip()  # refused with white space at its end
    turns[-1] = {**turns[-1], "content": [*blocks(turns[-1])[:-1], {**last, "text": text}]}
