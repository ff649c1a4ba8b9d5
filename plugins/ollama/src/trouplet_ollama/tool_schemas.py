"""Tools in the form that Ollama takes.

Ollama reads a tool's parameters into types of its own and drops what these do not have, references among them: a
parameter that is only a ``$ref`` would reach the model as one of any type. So references are replaced by what they
refer to. One that leads back into itself ends as an object of any form, and so do those of a schema that would become
larger than any tool needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ToolSchema

_DEFINITIONS = ("$defs", "definitions")
_MOST_NODES = 20_000


def wrapped_tools(tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
    """Return the tools as the API takes them."""
    return [_wrapped(tool) for tool in tools]


def without_references(schema: Mapping[str, object]) -> dict[str, object]:
    """Return a schema with its local references replaced; the schema itself is not changed."""
    definitions = {
        f"#/{key}/{name}": one
        for key in _DEFINITIONS
        if isinstance(group := schema.get(key), dict)
        for name, one in group.items()
    }
    plain = {key: value for key, value in schema.items() if key not in _DEFINITIONS}
    return _Resolving(definitions).resolved(plain, ()) if definitions else plain


def _wrapped(tool: ToolSchema) -> dict[str, object]:
    parameters = {"type": "object", "properties": {}, **without_references(tool.parameters)}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


class _Resolving:
    """One pass over one schema. ``inside`` are the references that the place is inside of."""

    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions
        self._nodes = 0

    def resolved(self, schema: Mapping[str, object], inside: tuple[str, ...]) -> dict[str, object]:
        self._nodes += 1
        reference = schema.get("$ref")
        if not isinstance(reference, str) or reference not in self._definitions:
            return {key: self._value(one, inside) for key, one in schema.items()}
        beside = {key: one for key, one in schema.items() if key != "$ref"}
        target = self._definitions[reference]
        if reference in inside or self._nodes > _MOST_NODES or not isinstance(target, dict):
            return {"type": "object", **beside}
        return {**self.resolved(target, (*inside, reference)), **beside}

    def _value(self, value: object, inside: tuple[str, ...]) -> object:
        if isinstance(value, dict):
            return self.resolved(value, inside)
        return [self._value(one, inside) for one in value] if isinstance(value, list) else value
