"""Settings, their precedence, and the folders in which they are kept.

An argument of the kernel beats the environment, which beats the configuration file, which beats the default. The
file is ``config.toml`` in the configuration folder; its keys are the kernel's parameters: the lists ``plugins``,
``allow`` and ``block``, the tables ``[prefer]`` and ``[config.<plugin>]``. API keys are in ``keys.json`` beside it
(readable by the user only).
"""

from __future__ import annotations

import os
import sys
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
            self._keys = _read_keys(self._path("keys.json"))
        return self._keys.get(name)

    def file_path(self) -> Path | None:
        """Return where the configuration file is, or would be."""
        folder = config_dir(self.environ)
        return None if folder is None else folder / "config.toml"

    def file(self) -> Mapping[str, Any]:
        """Return the configuration file's contents; empty when there is none."""
        if self._file is None:
            self._file = _read_toml(self._path("config.toml"))
        return self._file

    def _path(self, name: str) -> str | None:
        """Return the path of a file in the configuration folder, if it is there.

        Every kernel asks, so this does without pathlib, whose import costs half of a bare interpreter's start.
        """
        folder = _folder(self.environ, *_CONFIG)
        path = folder and os.path.join(folder, name)
        return path if path and os.path.isfile(path) else None


def _read_toml(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read", why=str(error)) from error


def _read_keys(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    import json

    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except ValueError as error:
        raise BadSetting(f"{path} cannot be read", why=str(error), fix="Repair or remove it") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadSetting(f"{path} is not an object of strings", fix="Repair or remove it")
    return found


_CONFIG = ("TROUPLET_CONFIG_DIR", "XDG_CONFIG_HOME", ".config", "Application Support")
_DATA = ("TROUPLET_DATA_DIR", "XDG_DATA_HOME", ".local/share", "Application Support")
_CACHE = ("TROUPLET_CACHE_DIR", "XDG_CACHE_HOME", ".cache", "Caches")


def config_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's configuration folder; None when the environment names no home."""
    return _as_path(_folder(environ, *_CONFIG))


def data_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's data folder; None when the environment names no home."""
    return _as_path(_folder(environ, *_DATA))


def cache_dir(environ: Mapping[str, str]) -> Path | None:
    """Return the user's cache folder; None when the environment names no home."""
    return _as_path(_folder(environ, *_CACHE))


def _as_path(folder: str | None) -> Path | None:
    from pathlib import Path

    return None if folder is None else Path(folder)


def _folder(environ: Mapping[str, str], own: str, xdg: str, below_home: str, mac: str) -> str | None:
    if environ.get(own):
        return environ[own]
    if environ.get(xdg):
        return os.path.join(environ[xdg], "trouplet")
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return os.path.join(environ["LOCALAPPDATA"], "trouplet", below_home.rsplit("/", maxsplit=1)[-1].lstrip("."))
    home = environ.get("HOME")
    if not home:
        return None
    if sys.platform == "darwin":
        return os.path.join(home, "Library", mac, "trouplet")
    return os.path.join(home, below_home, "trouplet")
