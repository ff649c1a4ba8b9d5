"""JSON schemas in the form that the Gemini API takes, as ``parametersJsonSchema`` and as ``responseJsonSchema``.

References are replaced by what they refer to: the API takes ``$ref`` only with nothing beside it, and not everywhere. A
schema that contains itself is unrolled once and then cut, as is one that would become too large or too deep, or refers
to something that is not there; where it was cut stands the bare type, an object unless it says otherwise. Keywords
that the API does not know are left out (``const`` and ``allOf`` are said in ones that it knows), so what it enforces
may be wider than the schema, and is narrower only where it was cut.

Source: the Gemini API's reference of ``GenerationConfig.responseJsonSchema`` and ``Schema`` (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEPT = frozenset({
    "type", "format", "title", "description", "default", "minItems", "maxItems", "minimum", "maximum", "minLength",
    "maxLength", "pattern", "minProperties", "maxProperties", "required", "nullable", "propertyOrdering",
})  # fmt: skip
_MAX_DEPTH = 40
_MAX_SUBSCHEMAS = 5_000  # references that fan out grow without bound when they are replaced


def inlined(schema: Mapping[str, object]) -> tuple[dict[str, object], bool]:
    """Return the schema without references, and whether it had to be cut."""
    inlining = _Inlining(schema)
    made = inlining.schema(schema, (), 0)
    return made, inlining.cut


class _Inlining:
    """One pass over one schema, whose ``root`` is where its references lead."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self._made = 0
        self.cut = False

    def schema(self, schema: object, path: tuple[str, ...], depth: int) -> dict[str, object]:
        """Return one subschema; ``path`` are the references that are being followed."""
        if not isinstance(schema, dict):
            return {}  # true, the schema of anything
        self._made += 1
        if depth > _MAX_DEPTH or self._made > _MAX_SUBSCHEMAS:
            return self._stub(schema)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(schema, reference, path, depth)
        return self._plain(schema, path, depth)

    def _referred(
        self, schema: Mapping[str, object], reference: str, path: tuple[str, ...], depth: int
    ) -> dict[str, object]:
        target = self._target(reference)
        if reference in path or target is None:
            return self._stub({**target, **schema} if isinstance(target, dict) else schema)
        beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        return self.schema(target, (*path, reference), depth) | self._plain(beside, path, depth)

    def _target(self, reference: str) -> object:
        """What a reference within the schema leads to; None for one that leads nowhere, or to another document."""
        if not reference.startswith("#"):
            return None
        found: object = self._root
        for step in reference[1:].split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _plain(self, schema: Mapping[str, object], path: tuple[str, ...], depth: int) -> dict[str, object]:
        made = {keyword: value for keyword, value in schema.items() if keyword in _KEPT}
        choices = [schema["const"]] if "const" in schema else list(_items(schema.get("enum")))
        if choices and all([_is_choice(one) for one in choices]):
            made["enum"] = choices
        for keyword in ("items", "additionalProperties"):
            value = schema.get(keyword)
            if value is not None:
                made[keyword] = value if isinstance(value, bool) else self.schema(value, path, depth + 1)
        for keyword in ("anyOf", "oneOf", "prefixItems"):
            if keyword in schema:
                made[keyword] = [self.schema(one, path, depth + 1) for one in _items(schema[keyword])]
        properties = schema.get("properties")
        if isinstance(properties, dict):
            made["properties"] = {name: self.schema(one, path, depth + 1) for name, one in properties.items()}
        for one in _items(schema.get("allOf")):
            _merge(made, self.schema(one, path, depth + 1))
        return _completed(made)

    def _stub(self, schema: Mapping[str, object]) -> dict[str, object]:
        self.cut = True
        kept = {name: schema[name] for name in ("type", "title", "description") if name in schema}
        return _completed({"type": "object", **kept})


def _items(value: object) -> Iterator[object]:
    yield from value if isinstance(value, (list, tuple)) else ()


def _is_choice(value: object) -> bool:
    """Whether the API takes a value in an ``enum``."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _completed(made: dict[str, object]) -> dict[str, object]:
    """Mend what the API refuses: arrays without ``items``, required properties that are not described."""
    kind = made.get("type")
    if (kind == "array" or (isinstance(kind, list) and "array" in kind)) and "prefixItems" not in made:
        made.setdefault("items", {})
    properties = made.get("properties")
    required = [
        name for name in _items(made.pop("required", ())) if isinstance(properties, dict) and name in properties
    ]
    if required:
        made["required"] = required
    return made


def _merge(made: dict[str, object], other: Mapping[str, object]) -> None:
    """Add what another schema demands too; where both say something about one keyword, the first one's word stays."""
    for keyword, value in other.items():
        mine = made.get(keyword)
        if isinstance(mine, dict) and isinstance(value, dict):
            made[keyword] = {**value, **mine}
        elif keyword == "required":
            made[keyword] = list(dict.fromkeys([*_items(mine), *_items(value)]))
        else:
            made.setdefault(keyword, value)
