"""The catalogue of models that a provider's package carries as data, read without importing the package.

A package has the file ``models.json`` beside its ``__init__.py``::

    {
      "defaults": {"capabilities": ["tools", "streaming", "system"]},
      "models": [
        {"name": "m-1", "capabilities": ["tools", "vision"], "context_window": 128000, "max_output": 8192},
        {"name": "e-1", "kind": "embedding", "dimensions": 1024, "context_window": 8192}
      ],
      "key_variables": ["M_API_KEY"],
      "providers": {"m-compatible": {"models": []}}
    }

``defaults`` is what a model is taken to be of which nothing is known; a model that leaves out ``capabilities`` has
those of ``defaults``, an embedding model none. ``"free": true``, in a model or in ``defaults`` for all, says that its
use costs no money, as on the user's own machine. ``key_variables`` are the environment variables in which a key is
looked for; ``[]`` where none is needed, ``<PROVIDER>_API_KEY`` when it is left out. ``providers`` is for a package that
serves several: there a provider may have ``defaults``, ``models`` and ``key_variables`` of its own, and what it leaves
out is that of the whole package.

A package that lies in another package or in a namespace package has no catalogue: finding it would import the outer
one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from trouplet.errors import BadSetting
from trouplet.model_io import CAPABILITIES, ModelInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Literal

    from trouplet.discovery import PluginEntry
    from trouplet.model_io import Capability

    Kind = Literal["chat", "embedding"]

FILE = "models.json"


class Known(NamedTuple):
    """What a catalogue says about one model."""

    capabilities: frozenset[Capability]
    context_window: int | None = None
    max_output: int | None = None
    kind: Kind = "chat"
    dimensions: int | None = None
    free: bool = False

    def of(self, provider: str, model: str) -> ModelInfo:
        """Return it as what is known about ``provider:model``."""
        return ModelInfo(provider, model, *self[:-1])


class Section(NamedTuple):
    """The models of one provider by name, what is assumed of others, and where its key is; None: not said."""

    models: Mapping[str, Known]
    defaults: Known
    key_variables: tuple[str, ...] | None = None


NOTHING = Section({}, Known(frozenset()))


class Catalogue:
    """The models that one package knows.

    ``path`` is its file; None when the package has none, and nothing is known. ``problems`` says what in the file was
    left out, and why: entries of a third party may be newer than this kernel.
    """

    __slots__ = ("_own", "_shared", "path", "problems")

    def __init__(
        self,
        path: str | None = None,
        shared: Section = NOTHING,
        own: Mapping[str, Section] | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.problems = tuple(problems)
        self._shared = shared
        self._own = own or {}

    @staticmethod
    def of_package(package: str) -> Catalogue:
        """Return the catalogue of a top-level package, read once per process; an empty one when it has no file.

        Raises ``BadSetting``, which names the file, when that is not a catalogue.
        """
        return _read(package)

    @staticmethod
    def of_plugin(entry: PluginEntry) -> Catalogue:
        """Return the catalogue of an installed plugin; as ``of_package``, and the error names the distribution."""
        package = entry.target.partition(":")[0].partition(".")[0]
        try:
            return _read(package)
        except BadSetting as error:
            fix = f"pip install --force-reinstall {entry.distribution}"
            raise BadSetting(f"{entry}: {error.what}", why=error.why, fix=fix) from error

    def models(self, provider: str) -> list[ModelInfo]:
        """Return what is known by name, in the order of the file."""
        return [known.of(provider, name) for name, known in self._section(provider).models.items()]

    def info(self, provider: str, model: str) -> ModelInfo:
        """Return what is known about a model, or is assumed of one that is not in the catalogue."""
        return self._known(provider, model).of(provider, model)

    def is_free(self, provider: str, model: str) -> bool:
        """Whether the use of a model is known to cost no money."""
        return self._known(provider, model).free

    def key_variables(self, provider: str) -> tuple[str, ...]:
        """Return the environment variables in which a provider's key is looked for; none when it needs no key."""
        named = self._section(provider).key_variables
        return (f"{provider.upper().replace('-', '_')}_API_KEY",) if named is None else named

    def known_name(self, provider: str, model: str) -> str | None:
        """Return the name under which a model is in the catalogue, or None.

        It is the longest with which the model's name begins, as far as a ``-``, ``:``, ``.`` or ``@``: so a dated or
        tagged version is known by the name of what it is a version of.
        """
        known = self._section(provider).models
        fitting = [name for name in known if model.startswith(name) and model[len(name) : len(name) + 1] in _BOUNDARY]
        return max(fitting, key=len, default=None)

    def _known(self, provider: str, model: str) -> Known:
        section = self._section(provider)
        name = self.known_name(provider, model)
        return section.defaults if name is None else section.models[name]

    def _section(self, provider: str) -> Section:
        return self._own.get(provider, self._shared)


_BOUNDARY = ("", "-", ":", ".", "@")


@cache
def _read(package: str) -> Catalogue:
    found = _find(package)
    if found is None:
        return Catalogue()
    import json

    path, data = found
    try:
        tree = json.loads(data)
    except ValueError as error:
        raise _malformed(path, str(error)) from error
    if not isinstance(tree, dict):
        raise _malformed(path, "it is not an object")
    return _Reader(path).catalogue(tree)


def _find(package: str) -> tuple[str, bytes] | None:
    """Return the path and the bytes of a package's file; from an archive too. Imports nothing."""
    from importlib.util import find_spec

    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # a package that is broken or has no spec has no catalogue either
        return None
    read = getattr(spec and spec.loader, "get_data", None)
    if spec is None or read is None:
        return None
    for folder in spec.submodule_search_locations or ():
        path = f"{folder}/{FILE}"
        try:
            return path, read(path)
        except OSError as error:
            if error.errno and not isinstance(error, FileNotFoundError):  # an archive gives no number for "not there"
                raise _malformed(path, str(error)) from error
    return None


_SECTION = frozenset({"defaults", "models", "key_variables"})


def _malformed(path: str, why: str) -> BadSetting:
    return BadSetting(f"{path} is not a catalogue of models", why=why, fix="Reinstall the package that it is part of")


class _Reader:
    """Makes a catalogue of what stands in a file; collects what has to be left out."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._problems: list[str] = []

    def catalogue(self, tree: Mapping[str, object]) -> Catalogue:
        shared = self._section("", tree, NOTHING)
        self._report_unknown("", tree, {*_SECTION, "providers"})
        providers = self._object("providers", tree.get("providers"))
        own = {name: self._provider(name, section, shared) for name, section in providers.items()}
        return Catalogue(self._path, shared, own, self._problems)

    def _provider(self, name: str, found: object, shared: Section) -> Section:
        tree = self._object(f"providers.{name}", found)
        self._report_unknown(f"providers.{name}: ", tree, _SECTION)
        return self._section(f"providers.{name}: ", tree, shared)

    def _section(self, where: str, tree: Mapping[str, object], above: Section) -> Section:
        defaults = above.defaults
        if "defaults" in tree:
            given = self._object(f"{where}defaults", tree["defaults"])
            defaults = self._known(f"{where}defaults", given, NOTHING.defaults)
        models = dict(self._models(where, tree["models"], defaults)) if "models" in tree else above.models
        variables = self._variables(where, tree["key_variables"]) if "key_variables" in tree else above.key_variables
        return Section(models, defaults, variables)

    def _variables(self, where: str, found: object) -> tuple[str, ...]:
        if isinstance(found, list) and all(isinstance(name, str) for name in found):
            return tuple(found)
        raise _malformed(self._path, f"{where}key_variables is not a list of names")

    def _models(self, where: str, found: object, defaults: Known) -> Iterator[tuple[str, Known]]:
        if not isinstance(found, list):
            raise _malformed(self._path, f"{where}models is not a list")
        seen: set[str] = set()
        for place, tree in enumerate(found):
            name = tree.get("name") if isinstance(tree, dict) else None
            if not isinstance(name, str) or not name:
                self._problems.append(f"{where}models[{place}] has no name")
            elif name in seen:
                self._problems.append(f"{where}{name} is there twice")
            elif tree.get("kind", "chat") not in ("chat", "embedding"):
                self._problems.append(f"{where}{name}: unknown kind {tree['kind']!r}")
            else:
                seen.add(name)
                yield name, self._known(f"{where}{name}", tree, defaults)

    def _known(self, where: str, tree: Mapping[str, object], defaults: Known) -> Known:
        self._report_unknown(f"{where}: ", tree, {"name", *Known._fields})
        kind: Kind = "embedding" if tree.get("kind") == "embedding" else "chat"
        capabilities: frozenset[Capability] = frozenset()
        if "capabilities" in tree:
            capabilities = self._capabilities(where, tree["capabilities"])
        elif kind == "chat":
            capabilities = defaults.capabilities
        return Known(
            capabilities,
            self._size(where, tree, "context_window"),
            self._size(where, tree, "max_output"),
            kind,
            self._size(where, tree, "dimensions"),
            tree.get("free", defaults.free) is True,
        )

    def _capabilities(self, where: str, found: object) -> frozenset[Capability]:
        if not isinstance(found, list):
            self._problems.append(f"{where}: capabilities is not a list")
            return frozenset()
        named = {name for name in found if isinstance(name, str)}
        unknown = [name for name in found if not isinstance(name, str) or name not in CAPABILITIES]
        self._problems += [f"{where}: unknown capability {name!r}" for name in unknown]
        return CAPABILITIES & named

    def _size(self, where: str, tree: Mapping[str, object], field: str) -> int | None:
        size = tree.get(field)
        if size is None or (type(size) is int and size > 0):
            return size
        self._problems.append(f"{where}: {field} is {size!r}, not a number of at least 1")
        return None

    def _object(self, where: str, found: object) -> Mapping[str, object]:
        if found is not None and not isinstance(found, dict):
            raise _malformed(self._path, f"{where} is not an object")
        return found or {}

    def _report_unknown(self, where: str, tree: Mapping[str, object], known: Collection[str]) -> None:
        self._problems += [f"{where}unknown field {field!r}" for field in tree if field not in known]
