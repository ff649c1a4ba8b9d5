"""What providers say when they fail: error bodies in one sentence, and errors that arrive inside an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import (
    AuthenticationFailed,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: tuple[tuple[type[ModelError], tuple[str, ...]], ...] = (
    (RateLimited, ("rate_limit", "insufficient_quota", "too_many_requests")),
    (AuthenticationFailed, ("authentication", "invalid_api_key", "permission")),
    (RequestRejected, ("invalid_request", "invalid_prompt", "context_length", "not_found", "content_policy")),
)
_FINAL = ("insufficient_quota",)  # waiting does not bring the money back


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


def _message(error: object) -> str:
    if not isinstance(error, dict):
        return ""
    for key in ("message", "detail", "msg"):
        value = error.get(key)
        if isinstance(value, str) and value:
            return value
        if value:
            return _nested(value)
    return ""


def _nested(value: object) -> str:
    """FastAPI's list of complaints, and Mistral's object around one."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_complaint, value)))
    return _message(value)


def _complaint(value: object) -> str:
    where = value.get("loc") if isinstance(value, dict) else None
    place = ".".join(map(str, where)) + ": " if isinstance(where, list) else ""
    return place + _message(value)


def error_in_answer(error: object, *, provider: str, partial: str) -> ModelError:
    """Make the typed error of an ``error`` that came inside an answer, after the status had promised success."""
    body = _body(error)
    words = " ".join(str(body.get(key) or "") for key in ("type", "code")).lower()
    status = _status(body.get("code"))
    kind = _by_status(status) if status else _by_words(words)
    return kind(
        f"{provider} answered with an error",
        why=_message(body) or words.strip() or "It did not say why",
        provider=provider,
        status=status,
        retryable=False if any(word in words for word in _FINAL) else None,
        partial=partial,
        details=body,
    )


def _body(error: object) -> Mapping[str, object]:
    if not isinstance(error, dict):
        return {"message": str(error)}
    inner = error.get("error")
    return inner if isinstance(inner, dict) else error


def _status(code: object) -> int | None:
    """OpenRouter puts the HTTP status that it would have sent into ``code``."""
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _by_status(status: int) -> type[ModelError]:
    if status in (401, 403):
        return AuthenticationFailed
    if status == 429:
        return RateLimited
    return RequestRejected if status < 500 else ProviderUnavailable


def _by_words(words: str) -> type[ModelError]:
    for kind, marks in _WORDS:
        if any(mark in words for mark in marks):
            return kind
    return ProviderUnavailable
