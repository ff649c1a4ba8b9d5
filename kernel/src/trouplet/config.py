"""Settings, their precedence, and the folders in which they are kept.

An argument of the kernel beats the environment, which beats the configuration file, which beats the default. The
file is ``config.toml`` in the configuration folder; its keys are the kernel's parameters: the lists ``plugins``,
``allow`` and ``block``, the tables ``[prefer]`` and ``[config.<plugin>]``. API keys are in ``keys.json`` beside it
(readable by the user only).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trouplet.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Settings:
    """The settings of one kernel. Files are read on first use."""

    def __init__(self, environ: Mapping[str, str], config: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.environ = environ
        self._config = config or {}
        self._file: dict[str, Any] | None = None
        self._keys: dict[str, str] | None = None

    def of_plugin(self, name: str) -> Mapping[str, object]:
        """Return a plugin's settings: those of the file, overridden by the kernel's arguments."""
        return {**self.file().get("config", {}).get(name, {}), **self._config.get(name, {})}

    def rule(self, name: str, variable: str) -> list[str] | None:
        """Return a list of plugin rules from the environment, else from the file; None when neither has it."""
        given = self.environ.get(variable)
        if given is not None:
            return [part.strip() for part in given.split(",") if part.strip()]
        found = self.file().get(name)
        if found is not None and not (isinstance(found, list) and all(isinstance(part, str) for part in found)):
            raise BadSetting(f"{name} in {self.file_path()} is not a list of strings")
        return found

    def prefer(self) -> Mapping[str, str]:
        """Return the file's choice between distributions that claim one name: ``[prefer]``."""
        found: Mapping[str, str] = self.file().get("prefer", {})
        return found

    def key(self, name: str) -> str | None:
        """Return an API key from the key file."""
        if self._keys is None:
            folder = config_dir(self.environ)
            self._keys = _read_keys(folder / "keys.json") if folder is not None else {}
        return self._keys.get(name)

    def file_path(self) -> Path | None:
        """Return where the configuration file is, or would be."""
        folder = config_dir(self.environ)
        return None if folder is None else folder / "config.toml"

    def file(self) -> Mapping[str, Any]:
        """Return the configuration file's contents; empty when there is none."""
        if self._file is None:
            path = self.file_path()
            self._file = _read_toml(path) if path is not None and path.is_file() else {}
        return self._file


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read", why=str(error)) from error


def _read_keys(path: Path) -> dict[str, str]:
    import json

    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadSetting(f"{path} cannot be read", why=str(error), fix="Repair or remove it") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadSetting(f"{path} is not an object of strings", fix="Repair or remove it")
    return found


def config_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's configuration folder; None when the environment names no home."""
    return _folder(environ, "TROUPLET_CONFIG_DIR", "XDG_CONFIG_HOME", ".config", mac="Application Support")


def data_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's data folder; None when the environment names no home."""
    return _folder(environ, "TROUPLET_DATA_DIR", "XDG_DATA_HOME", ".local/share", mac="Application Support")


def cache_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's cache folder; None when the environment names no home."""
    return _folder(environ, "TROUPLET_CACHE_DIR", "XDG_CACHE_HOME", ".cache", mac="Caches")


def _folder(environ: Mapping[str, str], own: str, xdg: str, below_home: str, *, mac: str) -> Path | None:
    import sys
    from pathlib import Path

    if environ.get(own):
        return Path(environ[own])
    if environ.get(xdg):
        return Path(environ[xdg], "trouplet")
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"], "trouplet", below_home.rsplit("/", maxsplit=1)[-1].lstrip("."))
    home = environ.get("HOME")
    if not home:
        return None
    if sys.platform == "darwin":
        return Path(home, "Library", mac, "trouplet")
    return Path(home, below_home, "trouplet")
