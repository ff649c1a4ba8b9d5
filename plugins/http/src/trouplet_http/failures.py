"""Turns what went wrong at a provider into the typed errors of ``trouplet.errors``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from trouplet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    InvalidResponse,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
)

if TYPE_CHECKING:
    import httpx


@dataclass(slots=True, frozen=True)
class ErrorDetail:
    """What a provider's JSON error body says beyond its status; what is left out is as for other bodies.

    ``sentence`` is for people, ``status`` the HTTP status that it amounts to where it came with another one,
    ``retryable`` whether the same request may work later, ``retry_after`` after how many seconds, for providers that
    say it in the body and not in a header.
    """

    sentence: str = ""
    status: int | None = None
    retryable: bool | None = None
    retry_after: float | None = None


DescribeError: TypeAlias = Callable[[int, Mapping[str, object]], str | ErrorDetail]
"""Reads a provider's JSON error body: returns one sentence, or more than that."""

_LONGEST_SENTENCE = 1000

_CLASSES: dict[int, type[ModelError]] = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    408: ProviderUnavailable,
    425: ProviderUnavailable,
    429: RateLimited,
}
_NOT_RETRYABLE = frozenset((501, 505))

# Words in the `code`, `type` or `status` of an error body, for bodies that come without a telling HTTP status.
_STATUS_OF_WORD = (
    ("rate_limit", 429),
    ("ratelimit", 429),
    ("resource_exhausted", 429),
    ("throttl", 429),
    ("too_many_requests", 429),
    ("quota", 429),
    ("overloaded", 529),
    ("unavailable", 503),
    ("timeout", 504),
    ("deadline", 504),
    ("authentication", 401),
    ("invalid_api_key", 401),
    ("invalidapikey", 401),
    ("unauthenticated", 401),
    ("unauthorized", 401),
    ("permission", 403),
    ("not_found", 404),
    ("notfound", 404),
    ("too_large", 413),
    ("server_error", 500),
    ("api_error", 500),
    ("internal", 500),
    ("invalid", 400),
    ("bad_request", 400),
)
_SPENT = ("insufficient_quota", "billing", "credit")

_FIXES: dict[int, str] = {
    401: "Check the API key: trouplet keys set {provider}",
    403: "Check what the API key may do, and its project or region",
    404: "Check the name of the model and the base_url",
    413: "Send less: a shorter conversation or smaller files",
    429: "Send fewer requests at a time, or raise the limits of the account",
}


def error_from_status(
    provider: str,
    status: int,
    body: Mapping[str, object],
    *,
    retry_after: float | None = None,
    describe: DescribeError | None = None,
) -> ModelError:
    """Return the error for an HTTP status and the JSON error body that came with it (empty if none did)."""
    detail = _detail(describe, status, body)
    means = detail.status or status
    kind = _CLASSES.get(means) or (ProviderUnavailable if means >= 500 else RequestRejected)
    retryable = detail.retryable
    if retryable is None:
        spent = kind is RateLimited and any(word in _words(body) for word in _SPENT)
        retryable = kind.retryable and not spent and means not in _NOT_RETRYABLE
    sentence = detail.sentence or f"HTTP status {status}"
    return kind(
        f"{provider or 'the provider'} answered: {sentence[:_LONGEST_SENTENCE]}",
        provider=provider,
        status=status,
        retryable=retryable,
        retry_after=detail.retry_after if retry_after is None else retry_after,
        details=body,
        fix=_FIXES.get(means, "").format(provider=provider or "PROVIDER"),
    )


def _detail(describe: DescribeError | None, status: int, body: Mapping[str, object]) -> ErrorDetail:
    """What the body says, by the provider's own reading of it and else by the usual one."""
    told = describe(status, body) if describe else ""
    if isinstance(told, str):
        return ErrorDetail(told or _sentence(body))
    return told if told.sentence else replace(told, sentence=_sentence(body))


def error_from_body(
    provider: str, status: int, body: Mapping[str, object], *, describe: DescribeError | None = None
) -> ModelError:
    """Return the error that a body names, for errors that arrive with status 200 or in the middle of a stream.

    The error object may be the body itself or its ``error``. A numeric ``code`` or ``status`` in it, or a well-known
    word, tells the class; otherwise it is an ``InvalidResponse``.
    """
    detail = _detail(describe, status, body)
    told = status if status >= 400 else detail.status or _told_status(body)
    if told is not None:
        error = error_from_status(provider, told, body, describe=describe)
        error.status = status
        return error
    sentence = detail.sentence or "an error without a message"
    return InvalidResponse(
        f"{provider or 'the provider'} sent an error instead of an answer: {sentence[:_LONGEST_SENTENCE]}",
        provider=provider,
        status=status,
        details=body,
    )


def error_from_exception(provider: str, url: httpx.URL, error: Exception) -> ModelError:
    """Return the error for a connection that could not be made, or that broke before the answer began."""
    reason = str(error) or type(error).__name__
    untrusted = "CERTIFICATE_VERIFY_FAILED" in reason or "certificate verify failed" in reason
    fix = f"Check the network and the base_url ({url.scheme}://{url.host})"
    if untrusted:
        fix = "Point SSL_CERT_FILE at the certificates to trust, if a proxy of yours inspects TLS"
    return ConnectionFailed(
        f"no answer from {provider or 'the provider'} at {url.host}",
        provider=provider,
        retryable=not untrusted,
        details={"exception": type(error).__name__},
        why=reason,
        fix=fix,
    )


def names_error(body: Mapping[str, object]) -> bool:
    """Tell whether a JSON object that came as an answer is an error.

    It has an ``error`` that is not empty, or it is nothing but a ``code`` and a ``message``, with an id.
    """
    if body.get("error") or body.get("type") == "error":
        return True
    return bool(body.get("code") and body.get("message")) and len(body) <= 3


def _error_object(body: Mapping[str, object]) -> Mapping[str, object]:
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else body


def _sentence(body: Mapping[str, object]) -> str:
    """Find the message where the providers put it."""
    for holder in (_error_object(body), body):
        for name in ("message", "detail", "error_description", "msg", "error"):
            value = holder.get(name)
            if isinstance(value, str) and value:
                return value
    return ""


def _words(body: Mapping[str, object]) -> str:
    error = _error_object(body)
    words = (error.get(name) for name in ("code", "type", "status", "reason"))
    return " ".join(word for word in words if isinstance(word, str)).lower()


def _told_status(body: Mapping[str, object]) -> int | None:
    error = _error_object(body)
    for name in ("code", "status", "status_code", "http_status"):
        value = error.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:4])
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return value
    words = _words(body)
    return next((status for word, status in _STATUS_OF_WORD if word in words), None)
