"""The retry policy of a kernel: what the one retry layer of ``trouplet_http`` does for every request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from trouplet.plugin_settings import COUNT, SECONDS, check_settings
from trouplet_http import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelRequest
    from trouplet_resilience.streams import Call, Stream

SETTINGS = {"max_retries": COUNT, "first_wait": SECONDS, "longest_wait": SECONDS, "longest_retry_after": SECONDS}


def retry_policy(settings: Mapping[str, object]) -> RetryPolicy:
    """Make the policy of these settings."""
    check_settings("'retry'", settings, SETTINGS)
    return RetryPolicy(**cast("dict[str, Any]", dict(settings)))


def with_policy(call_next: Call, policy: RetryPolicy) -> Call:
    """Return a call that asks with this policy whoever has none. It repeats nothing itself."""

    def call(request: ModelRequest) -> Stream:
        return call_next(replace(request, retry=policy) if request.retry is None else request)

    return call
