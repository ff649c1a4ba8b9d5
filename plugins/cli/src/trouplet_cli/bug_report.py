"""What a bug report needs: versions, the platform, the environment. Names of variables, never what is in them."""

from __future__ import annotations

import locale
import os
import platform
import sys

from trouplet import __version__
from trouplet.discovery import installed_version, normalized, scan

LIBRARIES = ("click", "rich", "prompt-toolkit", "pluggy", "pydantic", "structlog", "httpx", "mcp")


def collect() -> dict[str, str]:
    """Return the facts by name."""
    index = scan()
    plugins = {normalized(entry.distribution): entry.version for entry in index.entries}
    libraries = {name: installed_version(name) or "-" for name in LIBRARIES}
    return {
        "trouplet": __version__,
        "plugins": _versions(plugins) or "none",
        "problems": "; ".join([f"{problem.distribution}: {problem.reason}" for problem in index.problems]) or "none",
        "libraries": _versions(libraries),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "encoding": f"{sys.stdout.encoding}, {locale.getpreferredencoding(False)}",
        "terminal": f"TERM={os.environ.get('TERM', '-')}, {'a terminal' if sys.stdout.isatty() else 'no terminal'}",
        "variables": ", ".join(sorted(name for name in os.environ if name.startswith("TROUPLET_"))) or "none",
    }


def _versions(versions: dict[str, str]) -> str:
    return ", ".join([f"{name} {version}" for name, version in sorted(versions.items())])
