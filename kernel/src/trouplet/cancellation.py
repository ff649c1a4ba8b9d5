"""Keeps a cancellation from getting lost in code that swallows it."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Raise ``CancelledError`` again where a tool, a hook or a plugin has swallowed it: the run stops all the same."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
