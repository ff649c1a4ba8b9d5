"""Puts contents in the order that the Gemini API accepts.

Neighbours of one role become one content, but a content with function responses holds nothing else. The responses are
in the order of their calls, as many as there are calls, in one content right after them. The first content and the
last one are the user's: newer models refuse to continue an answer of their own. Nothing here changes what it is given:
formatters keep it with the messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Part: TypeAlias = dict[str, object]
Content: TypeAlias = dict[str, object]

BEGINNING = "(begin)"
CONTINUE = "(go on)"


def system_parts(contents: Iterable[Content]) -> list[Part]:
    """The parts of all system messages."""
    return [part for content in contents if content["role"] == "system" for part in parts_of(content)]


def arranged(contents: Iterable[Content]) -> list[Content]:
    """Return the contents but for the system's, merged and in order, beginning with the user's."""
    turns = _merged([content for content in contents if content["role"] != "system"])
    for place in range(1, len(turns)):
        if _answers(turns[place]):
            turns[place] = _in_order_of_calls(turns[place], turns[place - 1])
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, said_by_user(BEGINNING))
    return turns


def ends_with_model(turns: Sequence[Content]) -> bool:
    """Whether the last word is the model's own."""
    return turns[-1]["role"] == "model"


def said_by_user(text: str) -> Content:
    """A content in which the user says something."""
    return {"role": "user", "parts": [{"text": text}]}


def parts_of(content: Content) -> list[Part]:
    """The parts of a content that was made here."""
    return cast("list[Part]", content["parts"])


def _merged(contents: Iterable[Content]) -> list[Content]:
    turns: list[Content] = []
    fresh = False
    for content in contents:
        if not turns or turns[-1]["role"] != content["role"] or _answers(turns[-1]) != _answers(content):
            turns.append(content)
            fresh = False
            continue
        if not fresh:
            turns[-1] = {**turns[-1], "parts": [*parts_of(turns[-1])]}
            fresh = True
        parts_of(turns[-1]).extend(parts_of(content))
    return turns


def _answers(content: Content) -> bool:
    return "functionResponse" in parts_of(content)[0]


def _in_order_of_calls(answering: Content, calling: Content) -> Content:
    calls = [_key(part["functionCall"]) for part in parts_of(calling) if "functionCall" in part]
    if len(calls) < 2:
        return answering
    places: dict[tuple[object, object], list[int]] = {}
    for place, key in enumerate(calls):
        places.setdefault(key, []).append(place)

    def place_of(part: Part) -> int:
        free = places.get(_key(part["functionResponse"]))
        return free.pop(0) if free else len(calls)

    return {**answering, "parts": sorted(parts_of(answering), key=place_of)}


def _key(function: object) -> tuple[object, object]:
    """What a call and its response have in common: the id, if the model gave one, and the name."""
    fields = cast("Part", function)
    return fields.get("id"), fields["name"]
