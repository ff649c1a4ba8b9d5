"""Changes ``config.toml`` and leaves everything else in it as it is: comments, order, layout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from trouplet.config import Settings
from trouplet.errors import BadSetting, ConfigError
from trouplet_cli.atomic_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tomlkit import TOMLDocument


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the configuration file is, or would be."""
    path = Settings(environ).file_path()
    if path is None:
        raise ConfigError("there is no configuration folder: HOME is not set", fix="Set TROUPLET_CONFIG_DIR")
    return path


class ConfigFile:
    """The configuration file, to be changed and saved. A link in its place is followed: dotfiles often are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._document = _parse(path)

    def set(self, key: str, value: object) -> None:
        """Set a value by its dotted key: ``config.openai.base_url``. Tables on the way are made."""
        *tables, last = key.split(".")
        place: Any = self._document
        for name in tables:
            place = place.setdefault(name, {})
            if not hasattr(place, "setdefault"):
                raise BadSetting(f"{name!r} of {key!r} in {self.path} is a value, not a table")
        place[last] = value

    def include(self, rule: str, name: str) -> None:
        """Add a name to a list of rules, once."""
        names = self._names(rule)
        if name in names:
            return
        self._document[rule] = [*names, name]

    def exclude(self, rule: str, name: str) -> None:
        """Take a name out of a list of rules; an empty list goes too."""
        names = self._names(rule)
        if name not in names:
            return
        kept = [other for other in names if other != name]
        if kept:
            self._document[rule] = kept
        else:
            del self._document[rule]

    def _names(self, rule: str) -> list[str]:
        found = self._document.get(rule, [])
        if not isinstance(found, list):
            raise BadSetting(f"{rule} in {self.path} is not a list of strings")
        return [str(name) for name in found]

    def save(self) -> None:
        """Write the file."""
        import tomlkit

        replace_file(self.path.resolve(), tomlkit.dumps(self._document), mode=0o600)


def _parse(path: Path) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (ParseError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read", why=str(error), fix="Repair or remove it") from error


def parsed_value(text: str) -> object:
    """Return a value as TOML reads it (``true``, ``3``, ``["a"]``); what is no TOML is text."""
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
