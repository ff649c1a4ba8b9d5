"""The kinds of errors that a fallback answers to, and the error of one that ran out of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidResponse,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    StreamInterrupted,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS: Mapping[str, type[ModelError]] = {
    "authentication": AuthenticationFailed,
    "connection": ConnectionFailed,
    "deadline": DeadlineExceeded,
    "interrupted": StreamInterrupted,
    "invalid_response": InvalidResponse,
    "rate_limited": RateLimited,
    "rejected": RequestRejected,
    "unavailable": ProviderUnavailable,
    "unsupported": Unsupported,
}

PASSING = ("connection", "deadline", "interrupted", "invalid_response", "rate_limited", "unavailable")
"""The kinds that are no fault of the request, the key or the settings: another model may well answer."""


class AllModelsFailed(ModelError):
    """No model of a fallback chain answered. ``failures`` holds each model's name and its error, in order.

    It is retryable when one of the errors is; ``retry_after`` is the shortest wait that one of them named. The errors
    themselves, with their tracebacks, are chained as a group.
    """

    def __init__(self, failures: Sequence[tuple[str, ModelError]], *, fix: str = "") -> None:
        self.failures = tuple(failures)
        waits = [error.retry_after for _, error in failures if error.retry_after is not None]
        super().__init__(
            f"none of {len(failures)} models answered",
            retryable=any([error.retryable for _, error in failures]),
            retry_after=min(waits, default=None),
            why="; ".join([f"{model}: {error.code} {error.what}" for model, error in failures]),
            fix=fix,
        )

    @property
    def errors(self) -> ExceptionGroup[ModelError]:
        """The models' errors as a group."""
        return ExceptionGroup("the errors of the models", [error for _, error in self.failures])
