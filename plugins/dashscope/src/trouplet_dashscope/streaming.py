"""Which models give their answers as streams, and which do not (DashScope API reference, November 2026)."""

from __future__ import annotations

import re

_STREAMED_ONLY = re.compile(r"qwq|qvq|.*omni")
_IN_SNAPSHOTS = re.compile(r"qwen-mt")


def must_stream(model: str) -> bool:
    """Whether a model gives its answers only as streams, thinking or not."""
    return _STREAMED_ONLY.match(model) is not None


def can_stream(model: str) -> bool:
    """Whether a model streams pieces; those that translate repeat all that they have said in each."""
    return _IN_SNAPSHOTS.match(model) is None
