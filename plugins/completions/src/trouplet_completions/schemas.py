"""JSON schemas in the subset that OpenAI enforces exactly ("strict").

A schema is narrowed, never widened: what the strict form admits, the original admits too. Objects are closed and all
their properties become required, annotations that the API refuses are dropped. A schema that cannot be said in the
subset has no strict form, and is sent as a description of what is wanted. The subset and its limits are those of
OpenAI's guide to structured outputs (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEPT = frozenset({
    "type", "description", "title", "enum", "const", "pattern", "multipleOf", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minItems", "maxItems", "$ref",
})  # fmt: skip
_DROPPED = frozenset({
    "$schema", "$id", "$comment", "default", "deprecated", "discriminator", "example", "examples", "readOnly",
    "writeOnly",
})  # fmt: skip
_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
_MAX_OBJECT_DEPTH = 10
_MAX_NESTING = 50  # keeps a hostile schema off the interpreter's stack
_MAX_PROPERTIES = 5_000
_MAX_ENUM_VALUES = 1_000
_MAX_CHARACTERS = 120_000


class _NotStrict(Exception):
    """The schema has no strict form."""


def strict_schema(schema: Mapping[str, object]) -> dict[str, object] | None:
    """Return the strict form of a schema as a new object, or None when it has none."""
    if schema.get("type") != "object" or "anyOf" in schema or "oneOf" in schema:
        return None
    try:
        return _Narrowing().schema(schema, 0)
    except _NotStrict:
        return None


class _Narrowing:
    """One pass over one schema, with the totals that the API limits."""

    def __init__(self) -> None:
        self._nesting = 0
        self._properties = 0
        self._enum_values = 0
        self._characters = 0

    def schema(self, schema: object, depth: int) -> dict[str, object]:
        """Return the strict form of one subschema inside ``depth`` objects."""
        self._nesting += 1
        if not isinstance(schema, dict) or self._nesting > _MAX_NESTING:
            raise _NotStrict  # true and false are schemas too
        made: dict[str, object] = {}
        for keyword, value in schema.items():
            if keyword in _KEPT:
                made[keyword] = value
            elif keyword not in _DROPPED:
                self._applicator(made, schema, keyword, depth)
        if not made:
            raise _NotStrict  # "anything" cannot be enforced
        self._count_enum(made.get("enum"))
        if _is_object(schema):
            self._close(made, schema, depth)
        self._nesting -= 1
        return _alone(made) if "$ref" in made else made

    def _applicator(self, made: dict[str, object], schema: Mapping[str, object], keyword: str, depth: int) -> None:
        value = schema[keyword]
        if keyword in ("properties", "required", "additionalProperties"):
            return
        if keyword == "items":
            made[keyword] = self.schema(value, depth)
        elif (keyword == "anyOf" or (keyword == "oneOf" and "discriminator" in schema)) and "anyOf" not in made:
            # With a discriminator the alternatives exclude each other, so that one of them is any of them.
            made["anyOf"] = [self.schema(option, depth) for option in _items(value)]
        elif keyword in ("$defs", "definitions"):
            made[keyword] = {name: self.schema(one, depth) for name, one in _entries(value)}
        elif keyword == "format" and value in _FORMATS:
            made[keyword] = value
        else:
            raise _NotStrict

    def _close(self, made: dict[str, object], schema: Mapping[str, object], depth: int) -> None:
        properties = dict(_entries(schema.get("properties", {})))
        required = schema.get("required", ())
        if schema.get("additionalProperties", False) is not False or depth >= _MAX_OBJECT_DEPTH:
            raise _NotStrict
        self._properties += len(properties)
        self._count_characters(properties)
        if self._properties > _MAX_PROPERTIES:
            raise _NotStrict
        made["properties"] = {name: self.schema(one, depth + 1) for name, one in properties.items()}
        made["required"] = list(properties)
        made["additionalProperties"] = False
        for name, one in properties.items():
            # Made required, an optional reference to a type that contains it would ask for an endless answer.
            if name not in _items(required) and "$ref" in one:
                raise _NotStrict

    def _count_enum(self, values: object) -> None:
        if values is None:
            return
        self._enum_values += len(_items(values))
        self._count_characters(value for value in _items(values) if isinstance(value, str))
        if self._enum_values > _MAX_ENUM_VALUES:
            raise _NotStrict

    def _count_characters(self, names: Iterable[str]) -> None:
        self._characters += sum(map(len, names))
        if self._characters > _MAX_CHARACTERS:
            raise _NotStrict


def _is_object(schema: Mapping[str, object]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema


def _alone(made: dict[str, object]) -> dict[str, object]:
    """Put a reference into an alternative of its own: the API refuses any keyword beside it."""
    if len(made) == 1:
        return made
    if "anyOf" in made:
        raise _NotStrict
    reference = made.pop("$ref")
    return {"anyOf": [{"$ref": reference}], **made}


def _items(value: object) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise _NotStrict
    return list(value)


def _entries(value: object) -> list[tuple[str, dict[str, object]]]:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise _NotStrict
    return list(value.items())
