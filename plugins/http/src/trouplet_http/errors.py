"""The errors that this package adds to those of ``trouplet.errors``: each is a kind of one or two of them.

::

    ModelError
    ├── RetryTooLate (RateLimited, DeadlineExceeded)        the provider asks for a longer wait than is left
    ├── StreamTimedOut (StreamInterrupted, DeadlineExceeded) a stream stood still, or ran past its deadline
    ├── RecordTooLarge (InvalidResponse)                    an event, a line or a body over its cap
    └── ReplayMismatch (AssertionError)                     a replayed exchange is not the recorded one
"""

from __future__ import annotations

from trouplet.errors import DeadlineExceeded, InvalidResponse, ModelError, RateLimited, StreamInterrupted


class RetryTooLate(RateLimited, DeadlineExceeded):
    """The provider says when to come back (``retry_after``), and that is later than the call may wait."""


class StreamTimedOut(StreamInterrupted, DeadlineExceeded):
    """A stream that had begun gave no content for too long, or passed the deadline of its call."""


class RecordTooLarge(InvalidResponse):
    """A single event, line or body is larger than its cap."""

    def __init__(self, record: str, limit: int) -> None:
        super().__init__(
            f"the provider sent one {record} of more than {limit:,} bytes",
            details={"limit": limit, "record": record},
            fix="Raise the endpoint's limit if answers of this size are expected",
        )


class ReplayMismatch(ModelError, AssertionError):
    """A replay was asked for something else than was recorded, or not asked for all of it."""


__all__ = ["RecordTooLarge", "ReplayMismatch", "RetryTooLate", "StreamTimedOut"]
