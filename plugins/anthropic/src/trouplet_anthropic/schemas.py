"""Fits JSON schemas to the subset that the API enforces while Claude writes: for answers, and for strict tools.

Objects are closed. What the subset cannot say (bounds, patterns, formats) is said in the description, which the model
reads, and checked when the answer is there. A schema that it cannot express at all, or that is too large, has no strict
form. Source: Anthropic's page on structured outputs, JSON schema limitations (November 2026).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = dict[str, object]

_KEPT = frozenset(("type", "enum", "const", "description", "title", "required"))
_DROPPED = frozenset((
    "$schema", "$id", "$comment", "default", "deprecated", "discriminator", "example", "examples", "readOnly",
    "writeOnly", "additionalProperties",
))  # fmt: skip
_FORMATS = frozenset((
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
))  # fmt: skip
_SAID = frozenset((
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "minItems", "maxItems", "uniqueItems", "format", "minProperties", "maxProperties",
))  # fmt: skip
_MAX_OPTIONAL = 24
_MAX_UNIONS = 16
_MAX_STRICT_TOOLS = 20
_MAX_NESTING = 50  # keeps a hostile schema off the interpreter's stack


class _NotStrict(Exception):
    """The schema has no strict form."""


class StrictSchemas:
    """The strict schemas of one request, which share the API's limits."""

    def __init__(self) -> None:
        self._optional = 0
        self._unions = 0
        self._tools = 0

    def answer(self, schema: Mapping[str, object]) -> Schema | None:
        """Return the strict form of the answer's schema, or None when it has none."""
        return self._fitted(schema)

    def tool(self, schema: Mapping[str, object]) -> Schema | None:
        """Return the strict form of a tool's parameters; None when it has none, or when there are too many already."""
        if self._tools >= _MAX_STRICT_TOOLS:
            return None
        made = self._fitted(schema)
        self._tools += made is not None
        return made

    def _fitted(self, schema: Mapping[str, object]) -> Schema | None:
        fitting = _Fitting(schema)
        try:
            made = fitting.schema(schema, 0)
            fitting.check_references()
        except _NotStrict:
            return None
        optional, unions = self._optional + fitting.optional, self._unions + fitting.unions
        if optional > _MAX_OPTIONAL or unions > _MAX_UNIONS:
            return None
        self._optional, self._unions = optional, unions
        return made


class _Fitting:
    """One pass over one schema, with the totals that the API limits."""

    def __init__(self, root: Mapping[str, object]) -> None:
        self._root = root
        self.optional = 0
        self.unions = 0

    def schema(self, schema: object, depth: int) -> Schema:
        """Return the strict form of one subschema."""
        if not isinstance(schema, dict) or depth > _MAX_NESTING:
            raise _NotStrict  # true and false are schemas too
        made: Schema = {}
        if "$defs" in schema:
            made["$defs"] = {name: self.schema(one, depth + 1) for name, one in _entries(schema["$defs"])}
        if "$ref" in schema:
            return {**made, "$ref": schema["$ref"]}
        said: Schema = {}
        for keyword, value in schema.items():
            self._keyword(made, said, keyword, value, depth)
        if not made.keys() & {"type", "enum", "const", "anyOf"}:
            raise _NotStrict  # "anything" cannot be enforced
        if _is_object(schema):
            self._close(made, schema, depth)
        self.unions += "anyOf" in made or isinstance(made.get("type"), list)
        return _described(made, said)

    def check_references(self) -> None:
        """Raise for a reference that leads out of the schema, or round in a circle."""
        definitions = dict(_entries(self._root.get("$defs", {})))
        edges = {name: {_target(ref, definitions) for ref in _references(one)} for name, one in definitions.items()}
        for ref in _references(self._root):
            _target(ref, definitions)
        while edges:
            ends = [name for name, targets in edges.items() if not targets & edges.keys()]
            if not ends:
                raise _NotStrict
            for name in ends:
                del edges[name]

    def _keyword(self, made: Schema, said: Schema, keyword: str, value: object, depth: int) -> None:
        if keyword in _KEPT:
            made[keyword] = value
        elif keyword == "items":
            made[keyword] = self.schema(value, depth + 1)
        elif keyword in ("anyOf", "oneOf") and "anyOf" not in made and isinstance(value, list):
            made["anyOf"] = [self.schema(option, depth + 1) for option in value]
        elif (keyword == "format" and value in _FORMATS) or (keyword == "minItems" and value in (0, 1)):
            made[keyword] = value
        elif keyword in _SAID:
            said[keyword] = value
        elif keyword not in ("properties", "$defs") and keyword not in _DROPPED:
            raise _NotStrict

    def _close(self, made: Schema, schema: Mapping[str, object], depth: int) -> None:
        if schema.get("additionalProperties", False) is not False:
            raise _NotStrict
        properties = dict(_entries(schema.get("properties", {})))
        required = schema.get("required", [])
        if not isinstance(required, list):
            raise _NotStrict
        self.optional += len(properties.keys() - set(required))
        made["properties"] = {name: self.schema(one, depth + 1) for name, one in properties.items()}
        made["additionalProperties"] = False


def _is_object(schema: Mapping[str, object]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema


def _described(made: Schema, said: Schema) -> Schema:
    if not said:
        return made
    limits = ", ".join([f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in said.items()])
    before = made.get("description")
    made["description"] = f"{before} ({limits})" if before else f"({limits})"
    return made


def _references(value: object) -> Iterator[str]:
    """Yield the references in a schema, but for those in its definitions."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for name, one in value.items():
            if name != "$defs":
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _target(reference: str, definitions: Mapping[str, object]) -> str:
    name = reference.removeprefix("#/$defs/")
    if name == reference or name not in definitions:
        raise _NotStrict
    return name


def _entries(value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise _NotStrict
    return list(value.items())
