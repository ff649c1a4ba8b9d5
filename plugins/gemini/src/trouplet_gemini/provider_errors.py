"""What Google says when it fails: what its error details add to what the HTTP status tells.

An error body is ``{"error": {"code", "message", "status", "details": [...]}}``, the details being messages of
``google.rpc``: ``ErrorInfo`` with a ``reason``, ``RetryInfo`` with a ``retryDelay``, ``QuotaFailure``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import ErrorDetail, error_from_body, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trouplet.errors import ModelError


def describe_error(status: int, body: Mapping[str, object]) -> ErrorDetail:
    """Return the wait that the details name, and whether the refusal is one of the key.

    A key that does not exist is refused with status 400 and the reason ``API_KEY_INVALID``.
    """
    details = list(_details(body))
    waits = [wait for one in details if (wait := _seconds(one.get("retryDelay"))) is not None]
    wrong_key = any([one.get("reason") == "API_KEY_INVALID" for one in details])
    return ErrorDetail(status=401 if wrong_key else None, retry_after=waits[0] if waits else None)


def error_in_answer(body: Mapping[str, object], *, provider: str, partial: str) -> ModelError:
    """Make the typed error of an ``error`` that came inside an answer, after the status had promised success."""
    made = error_from_body(provider, 200, body, describe=describe_error)
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
