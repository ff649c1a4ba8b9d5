"""Looks into JSON of any shape without tripping over it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    JSONObject = dict[str, object]


def objects(value: object) -> list[JSONObject]:
    """Return the objects of a list; nothing for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def object_at(value: object, name: str) -> JSONObject:
    """Return the object in a field; an empty one if there is none."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def text_at(value: object, name: str) -> str:
    """Return the text in a field; empty if there is none."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, str) else ""


def is_json_object(text: object) -> bool:
    """Tell whether text is a JSON object."""
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def lone_surrogates(value: object, where: str = "body") -> Iterator[str]:
    """Yield where text holds half of a surrogate pair, which no provider can decode."""
    if isinstance(value, str):
        if any(["\ud800" <= character <= "\udfff" for character in value]):
            yield f"{where} holds a lone surrogate"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from lone_surrogates(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from lone_surrogates(inner, f"{where}[{number}]")
