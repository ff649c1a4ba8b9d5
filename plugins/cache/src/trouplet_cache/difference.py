"""The first difference between two pieces of JSON-able data, in words."""

from __future__ import annotations

from itertools import zip_longest

_SHOWN = 60
_MISSING = object()


def first_difference(recorded: object, asked: object, where: str = "") -> str:
    """Say where two pieces of data differ first, and how; empty when they are equal."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        names = [*recorded, *[name for name in asked if name not in recorded]]
        pairs = [(f"{where}.{name}" if where else name, recorded, asked, name) for name in names]
        found = (first_difference(_get(a, name), _get(b, name), path) for path, a, b, name in pairs)
    elif isinstance(recorded, list) and isinstance(asked, list):
        both = enumerate(zip_longest(recorded, asked, fillvalue=_MISSING))
        found = (first_difference(a, b, f"{where}[{place}]") for place, (a, b) in both)
    else:
        return "" if recorded == asked else _told(recorded, asked, where)
    return next((text for text in found if text), "")


def _get(data: dict[str, object], name: str) -> object:
    return data.get(name, _MISSING)


def _told(recorded: object, asked: object, where: str) -> str:
    start = 0
    if isinstance(recorded, str) and isinstance(asked, str):
        start = max(0, _common(recorded, asked) - _SHOWN // 3)
    return f"{where}: recorded {_shown(recorded, start)}, asked {_shown(asked, start)}"


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _shown(value: object, start: int) -> str:
    if value is _MISSING:
        return "nothing"
    if not isinstance(value, str):
        text = repr(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    part = value[start : start + _SHOWN]
    return ("…" if start else "") + repr(part) + ("…" if start + _SHOWN < len(value) else "")
