"""Writes the project of a new plugin: small, working, tested, ready to be installed."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from trouplet.errors import BadSetting
from trouplet.hooks import PLUGIN_API
from trouplet.scaffold_files import COMMON, OF_KIND
from trouplet.selection import RESERVED

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new_plugin(name: str, *, kind: str = "tools", directory: str | Path = ".") -> Path:
    """Write the project ``trouplet-<name>`` into a new folder of ``directory`` and return that folder.

    Raises ``BadSetting`` for a name or a kind that is not usable, and for a folder that is there already.
    """
    if kind not in OF_KIND:
        raise BadSetting(f"there is no template for the kind {kind!r}", fix=f"Choose one of: {', '.join(OF_KIND)}")
    name = _checked(name)
    folder = Path(directory, f"trouplet-{name}")
    values = _values(name, kind)
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise BadSetting(f"{folder} is there already", fix="Choose another name or another --directory") from error
    for path, text in (COMMON | OF_KIND[kind]).items():
        file = folder / Template(path).substitute(values)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(values), "utf-8")
    return folder


def _checked(name: str) -> str:
    short = name.removeprefix("trouplet-")
    if not _NAME.fullmatch(short):
        fix = "Use lower-case letters, digits and single hyphens, and begin with a letter: weather, my-search"
        raise BadSetting(f"{name!r} is not usable as a plugin's name", fix=fix)
    if short in RESERVED:
        raise BadSetting(f"the name {short!r} belongs to the kernel", fix="Choose another name")
    return short


def _values(name: str, kind: str) -> dict[str, str]:
    return {
        "name": name,
        "kind": kind,
        "module": f"trouplet_{name.replace('-', '_')}",
        "function": name.replace("-", "_"),
        "camel": "".join(part.capitalize() for part in name.split("-")),
        "api": str(PLUGIN_API),
    }
