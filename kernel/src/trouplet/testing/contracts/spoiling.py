"""Makes sound JSON unsound: each of its values in turn becomes one of another type."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

_WRONG: tuple[object, ...] = (None, True, 17, "text", [], [None], {}, {"a": 1})


def spoilt_forms(value: object) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield a JSON object with one of its values replaced, and where that is.

    Every value gets half of the wrong ones, so that a suite stays quick.
    """
    if not isinstance(value, Mapping):
        return
    for path in _paths(value):
        for number, wrong in enumerate(_WRONG):
            made = copy.deepcopy(dict(value))
            place: object = made
            for step in path[:-1]:
                place = place[step]  # type: ignore[index]
            if type(place[path[-1]]) is not type(wrong) and (number + len(path)) % 2:  # type: ignore[index]
                place[path[-1]] = wrong  # type: ignore[index]
                yield f"{'.'.join(map(str, path))} ({wrong!r})", made


def _paths(value: object, above: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield (*above, step)
        yield from _paths(part, (*above, step))
