"""The environment that a child process gets: what it needs to run, and what the host names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ALWAYS = ("PATH", "HOME", "LANG", "TMPDIR")


def minimal_environment(
    values: Mapping[str, str] | None = None,
    *,
    inherit: Iterable[str] = (),
    environ: Callable[[str], str | None] = os.environ.get,
) -> dict[str, str]:
    """Return ``PATH``, ``HOME``, ``LANG`` and ``TMPDIR`` where they are set, the variables to ``inherit``, and
    ``values``.

    No key, token or other secret of the host's environment reaches a child unless it is named.
    """
    found = {name: environ(name) for name in (*ALWAYS, *inherit)}
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    environment |= {name: value for name, value in found.items() if value is not None}
    return environment | dict(values or {})
