"""What DashScope says when it fails: ``{"code", "message", "request_id"}``, with an error status or within an answer.

The body of a refused stream is an event that holds such an object. Sources: Model Studio's list of error codes and
``dashscope`` 2.0.2 (November 2026).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet_http import ErrorDetail, error_from_body, redact

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


def describe_error(status: int, body: Mapping[str, object]) -> ErrorDetail:
    """Say what an error body says, in one sentence, and which status its code amounts to."""
    code, message = body.get("code"), body.get("message")
    if message is None and isinstance(body.get("body"), str):
        found = dict(_FIELDS.findall(str(body["body"])))  # an event, of which only the beginning is kept
        code, message = found.get("code"), found.get("message")
    means = _status(code, message) if status < 400 else None
    if not isinstance(message, str) or not message:
        return ErrorDetail(code if isinstance(code, str) else "", means)
    said = f"{message} ({code})" if isinstance(code, str) and code else message
    return ErrorDetail(f"{said}; {_OTHER_ENDPOINT}" if "url error" in message else said, means)


def is_error(said: Mapping[str, object]) -> bool:
    """Whether an object in the place of an answer is an error."""
    return bool(said.get("code") or said.get("error")) and not said.get("output")


def error_in_answer(said: Mapping[str, object], *, provider: str, partial: str) -> ModelError:
    """Make the typed error of one that came within an answer, after the status had promised success."""
    made = error_from_body(provider, 200, said, describe=describe_error)
    made.what, made.partial = redact(made.what), partial
    return made


def _status(code: object, message: object) -> int | None:
    found = _TOLD_STATUS.match(str(message))
    if found:
        return int(found[1])
    return next((status for beginning, status in _STATUS_OF_CODE if str(code).startswith(beginning)), None)
