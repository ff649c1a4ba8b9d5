"""Reads how long a provider asks to wait, from its response headers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


def retry_after(headers: httpx.Headers, *, now: float) -> float | None:
    """Return the seconds to wait, or None if the headers do not say, or say nothing that makes sense.

    ``retry-after-ms`` is more precise and wins over ``retry-after``, which is a number of seconds or an HTTP date. A
    date that has passed means 0. Negative and infinite numbers, NaN and garbage are ignored. Of several values the
    longest counts. ``now`` is the wall clock, in seconds.
    """
    waits = [wait for value in headers.get_list("retry-after-ms") if (wait := _number(value, 0.001)) is not None]
    if not waits:
        values = [part for value in headers.get_list("retry-after") for part in _parts(value)]
        waits = [wait for value in values if (wait := _seconds(value, now)) is not None]
    return max(waits, default=None)


def _parts(value: str) -> list[str]:
    """Split a value that a proxy has joined from two headers, but not the comma of a date."""
    return [value] if _date(value) is not None else value.split(",")


def _seconds(value: str, now: float) -> float | None:
    number = _number(value, 1.0)
    if number is not None:
        return number
    date = _date(value)
    return None if date is None else max(0.0, date - now)


def _number(value: str, unit: float) -> float | None:
    try:
        number = float(value) * unit
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
