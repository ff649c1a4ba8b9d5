"""What Google says when it fails: what its error details add to what the HTTP status tells.

An error body is ``{"error": {"code", "message", "status", "details": [...]}}``, the details being messages of
``google.rpc``: ``ErrorInfo`` with a ``reason``, ``RetryInfo`` with a ``retryDelay``, ``QuotaFailure``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from trouplet.errors import AuthenticationFailed, ModelError, RateLimited
from trouplet_http import error_from_body, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def refined_errors() -> Iterator[None]:
    """Let errors of the API say what their details tell."""
    try:
        yield
    except ModelError as error:
        better = refined(error)
        if better is error:
            raise
        raise better from None


def refined(error: ModelError) -> ModelError:
    """Return the error with the wait that its details name, or as the refusal of the key that it is.

    A key that does not exist is refused with status 400 and the reason ``API_KEY_INVALID``.
    """
    details = list(_details(error.details))
    if not isinstance(error, AuthenticationFailed) and any([one.get("reason") == "API_KEY_INVALID" for one in details]):
        return AuthenticationFailed(
            error.what,
            provider=error.provider,
            status=error.status,
            details=error.details,
            fix=f"Check the API key: trouplet keys set {error.provider}",
        )
    if isinstance(error, RateLimited) and error.retry_after is None:
        error.retry_after = next(
            (wait for one in details if (wait := _seconds(one.get("retryDelay"))) is not None), None
        )
    return error


def error_in_answer(body: Mapping[str, object], *, provider: str, partial: str) -> ModelError:
    """Make the typed error of an ``error`` that came inside an answer, after the status had promised success."""
    made = error_from_body(provider, 200, body)
    made.what, made.partial = redact(made.what), partial
    return made


def _details(body: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    error = body.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    yield from [one for one in details if isinstance(one, dict)] if isinstance(details, list) else ()


def _seconds(duration: object) -> float | None:
    """Read a ``google.protobuf.Duration``: ``"37s"``, ``"1.5s"``."""
    if not isinstance(duration, str) or not duration.endswith("s"):
        return None
    try:
        seconds = float(duration[:-1])
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
