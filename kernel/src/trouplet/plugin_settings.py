"""Checks of a plugin's settings, so that a mistake shows when the plugin is loaded and not when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True, frozen=True)
class Setting:
    """What one setting may be: in words, and as a test."""

    wanted: str
    fits: Callable[[object], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


COUNT = Setting("a whole number, 0 or more", lambda value: _is_number(value) and isinstance(value, int))
SIZE = Setting("a whole number, 1 or more", lambda value: COUNT.fits(value) and value != 0)
SECONDS = Setting("a number of seconds", _is_number)
POSITIVE = Setting("a number greater than 0", lambda value: _is_number(value) and value != 0)
SWITCH = Setting("true or false", lambda value: isinstance(value, bool))
TEXT = Setting("a text", lambda value: isinstance(value, str) and bool(value))
PATH = Setting(
    "the path of a file", lambda value: bool(value) and (isinstance(value, str) or hasattr(value, "__fspath__"))
)
NAMES = Setting(
    "a list of names", lambda value: isinstance(value, list | tuple) and all([isinstance(name, str) for name in value])
)
TABLE = Setting("a table of settings", lambda value: hasattr(value, "keys"))


def one_of(*choices: str) -> Setting:
    """A setting that is one of these words."""
    return Setting(f"one of: {', '.join(choices)}", lambda value: value in choices)


def check_settings(owner: str, given: Mapping[str, object], known: Mapping[str, Setting]) -> None:
    """Raise ``BadSetting`` for a setting that is not known, or is not what it has to be."""
    for name, value in given.items():
        setting = known.get(name)
        if setting is None:
            raise BadSetting(
                f"{owner} has no setting {name!r}",
                why=did_you_mean(name, known),
                fix=f"Its settings: {', '.join(sorted(known))}",
            )
        if not setting.fits(value):
            raise BadSetting(f"the setting {name!r} of {owner} is {value!r}", fix=f"Give {setting.wanted}")
