"""The file of API keys: ``keys.json`` in the configuration folder, readable by the user only."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from trouplet.config import config_dir
from trouplet.errors import BadSetting, ConfigError
from trouplet_cli.atomic_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class KeyFile:
    """API keys by provider. A link in the place of the file is never followed: what it leads to is not ours."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        folder = config_dir(environ)
        if folder is None:
            raise ConfigError("there is no configuration folder: HOME is not set", fix="Set TROUPLET_CONFIG_DIR")
        self.path: Path = folder / "keys.json"

    def read(self) -> dict[str, str]:
        """Return the keys by provider; none when there is no file."""
        self._check_no_link()
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise BadSetting(f"{self.path} cannot be read", why=str(error), fix="Repair or remove it") from error
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise BadSetting(f"{self.path} is not an object of strings", fix="Repair or remove it")
        return found

    def set(self, provider: str, key: str) -> None:
        """Store a key, in the place of the one that was there."""
        self._write(self.read() | {provider: key})

    def remove(self, provider: str) -> bool:
        """Forget a key; False when there was none."""
        keys = self.read()
        if provider not in keys:
            return False
        del keys[provider]
        self._write(keys)
        return True

    def is_open_to_others(self) -> bool:
        """Whether anybody but the user may read the file."""
        return sys.platform != "win32" and self.path.exists() and bool(self.path.stat().st_mode & 0o077)

    def _write(self, keys: Mapping[str, str]) -> None:
        replace_file(self.path, json.dumps(dict(sorted(keys.items())), indent=2) + "\n", mode=0o600)

    def _check_no_link(self) -> None:
        if self.path.is_symlink():
            raise BadSetting(
                f"{self.path} is a symbolic link",
                why="keys are kept in a file of their own, which only the user can read",
                fix=f"Remove the link: rm {self.path}",
            )


def masked(key: str) -> str:
    """Return what may be shown of a key: its end, if it is long enough to keep the rest secret."""
    return f"…{key[-4:]}" if len(key) >= 16 else "…"
