"""What DashScope says when it fails: ``{"code", "message", "request_id"}``, with an error status or within an answer.

The body of a refused stream is an event that holds such an object. Sources: Model Studio's list of error codes and
``dashscope`` 2.0.2 (November 2026).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse
from trouplet_http import error_from_body, parse_object, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.errors import ModelError

_STATUS_OF_CODE = (
    ("Throttling", 429),
    ("LimitRequests", 429),
    ("RateLimit", 429),
    ("InvalidApiKey", 401),
    ("AccessDenied", 403),
    ("Model.AccessDenied", 403),
    ("Arrearage", 400),
    ("AllocationQuota", 403),
    ("ModelNotFound", 404),
    ("Model.NotExist", 404),
    ("DataInspectionFailed", 400),
    ("data_inspection_failed", 400),
    ("InvalidParameter", 400),
    ("BadRequest", 400),
    ("InternalError.Algo.Invalid", 400),
    ("InternalError", 500),
    ("RequestTimeOut", 504),
    ("ResponseTimeout", 504),
    ("GatewayTimeout", 504),
    ("ServiceUnavailable", 503),
    ("ModelServingError", 503),
    ("ModelUnavailable", 503),
)
_TOLD_STATUS = re.compile(r"<(\d{3})> ")
_FIELDS = re.compile(r'"(code|message)"\s*:\s*"((?:[^"\\]|\\.)*)')
_OTHER_ENDPOINT = "the model is on the other endpoint: make it with multimodal=True, or multimodal=False"


def describe_error(status: int, body: Mapping[str, object]) -> str:
    """Say what an error body says, in one sentence; empty when it says nothing."""
    code, message = body.get("code"), body.get("message")
    if message is None and isinstance(body.get("body"), str):
        found = dict(_FIELDS.findall(str(body["body"])))  # an event, of which only the beginning is kept
        code, message = found.get("code"), found.get("message")
    if not isinstance(message, str) or not message:
        return code if isinstance(code, str) else ""
    said = f"{message} ({code})" if isinstance(code, str) and code else message
    return f"{said}; {_OTHER_ENDPOINT}" if "url error" in message else said


def is_error(said: Mapping[str, object]) -> bool:
    """Whether an object in the place of an answer is an error."""
    return bool(said.get("code") or said.get("error")) and not said.get("output")


def error_in_answer(said: Mapping[str, object], *, provider: str, partial: str) -> ModelError:
    """Make the typed error of one that came within an answer, after the status had promised success."""
    told = _status(said)
    body = dict(said) if told is None else {**said, "status": told}
    made = error_from_body(provider, 200, body, describe=describe_error)
    made.what, made.partial = redact(made.what), partial
    return made


def refined(error: ModelError, *, provider: str) -> ModelError:
    """Return what an answer of JSON in the place of a stream says, if it is an error that says something."""
    body = error.details.get("body")
    if not isinstance(error, InvalidResponse) or not isinstance(body, str):
        return error
    try:
        said = parse_object(body)
    except InvalidResponse:
        return error
    return error_in_answer(said, provider=provider, partial=error.partial) if is_error(said) else error


def _status(said: Mapping[str, object]) -> int | None:
    found = _TOLD_STATUS.match(str(said.get("message")))
    if found:
        return int(found[1])
    code = str(said.get("code"))
    return next((status for beginning, status in _STATUS_OF_CODE if code.startswith(beginning)), None)
