"""What OpenAI and compatible servers say when they fail: error bodies in one sentence, errors inside an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import error_from_body, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.errors import ModelError

_MAX_DEPTH = 3


def describe_error(status: int, body: Mapping[str, object]) -> str:
    """Say what an error body says, in one sentence; empty when it says nothing.

    The body is OpenAI's ``{"error": {"message": …}}`` or one of the forms that compatible servers use.
    """
    for found in (body.get("error"), body):
        text = found if isinstance(found, str) else _message(found)
        if "stream_options" in text:
            return f"{text} (for an endpoint that does not know stream_options, set include_usage=False)"
        if text:
            return text
    return ""


def _message(error: object, depth: int = 0) -> str:
    if not isinstance(error, dict) or depth > _MAX_DEPTH:
        return ""
    for key in ("message", "detail", "msg"):
        value = error.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return _nested(value, depth + 1)
    return ""


def _nested(value: object, depth: int) -> str:
    """FastAPI's list of complaints, and Mistral's object around one."""
    if isinstance(value, list):
        return "; ".join(filter(None, [_complaint(one, depth) for one in value]))
    return _message(value, depth)


def _complaint(value: object, depth: int) -> str:
    where = value.get("loc") if isinstance(value, dict) else None
    place = ".".join(map(str, where)) + ": " if isinstance(where, list) else ""
    return place + _message(value, depth)


def error_in_answer(error: object, *, provider: str, partial: str) -> ModelError:
    """Make the typed error of an ``error`` that came inside an answer, after the status had promised success."""
    body = error if isinstance(error, dict) else {"message": str(error)}
    made = error_from_body(provider, 200, body, describe=describe_error)
    made.what, made.partial = redact(made.what), partial
    return made
