"""Events and errors as JSON-able data, for ``--json``: one object a line.

Each has ``type`` (the name of the event's class), ``seq`` and ``run_id``; the first one of a run also has ``origin``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING

from trouplet.errors import NotStorable, TroupletError
from trouplet.messages import Msg

if TYPE_CHECKING:
    from typing import Any

    from trouplet.events import Event

    Data = dict[str, object]


def event_line(event: Event) -> str:
    """Return an event as one line of JSON, without its newline."""
    return json_line(dump_event(event))


def json_line(data: Mapping[str, object]) -> str:
    """Return data as one line of ASCII JSON: control characters are escaped, and every stream can take it."""
    return json.dumps(data, allow_nan=False)


def dump_event(event: Event) -> Data:
    """Return an event as JSON-able data."""
    from trouplet.events import RunStarted

    data: Data = {"type": type(event).__name__, "seq": event.seq, "run_id": event.origin.run_id}
    if isinstance(event, RunStarted):
        data["origin"] = as_data(event.origin)
    for field in fields(event):
        if field.name not in ("seq", "origin"):
            data[field.name] = as_data(getattr(event, field.name))
    return data


def error_data(error: BaseException) -> Data:
    """Return an error as JSON-able data: what a ``TroupletError`` knows of itself, else its class and text."""
    if isinstance(error, TroupletError):
        return dict(error.as_dict())
    return {"error": type(error).__name__, "what": str(error)}


def as_data(value: object) -> object:
    """Return a value as JSON-able data; what has no JSON form is given as its ``repr``."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Msg):
        return _message(value)
    if isinstance(value, BaseException):
        return error_data(value)
    return _compound(value)


def _compound(value: Any) -> object:
    if isinstance(value, Mapping):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_data(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value)
    return repr(value)


def _record(value: Any) -> Data:
    """A dataclass as the codec writes it: blocks carry their type, and fields without a value are left out."""
    kind = getattr(type(value), "type", None)
    data: Data = {"type": kind} if isinstance(kind, str) else {}
    items = [(field.name, getattr(value, field.name)) for field in fields(value)]
    return data | {name: as_data(item) for name, item in items if item is not None}


def _message(msg: Msg) -> object:
    from trouplet.codec import dump_msg

    try:
        return as_data(dump_msg(msg))
    except NotStorable:
        metadata = as_data(msg.metadata)
        bare = Msg(msg.name, msg.content, msg.role, {}, msg.id, msg.timestamp)
        return as_data(dump_msg(bare) | {"metadata": metadata})
