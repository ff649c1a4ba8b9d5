"""Keeps the process's signal handlers from a library that replaces them.

llama.cpp's server installs C handlers for SIGINT and SIGTERM when it has loaded a model, below Python's own: Ctrl-C
would end the model instead of reaching the program. ``signal.signal`` cannot put this right outside of the main thread,
and does not see handlers that are not Python's; the C library's ``sigaction`` does.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGER_THAN_ANY_SIGACTION = 512


@contextmanager
def signals_kept() -> Iterator[None]:
    """Put the handlers of SIGINT and SIGTERM back when the block is left.

    On Windows, where handlers form a chain, nothing can be put back.
    """
    if os.name == "nt":
        yield
        return
    sigaction = ctypes.CDLL(None, use_errno=True).sigaction
    kept = {
        number: ctypes.create_string_buffer(_LARGER_THAN_ANY_SIGACTION) for number in (signal.SIGINT, signal.SIGTERM)
    }
    for number, action in kept.items():
        sigaction(int(number), None, action)
    try:
        yield
    finally:
        for number, action in kept.items():
            sigaction(int(number), action, None)
