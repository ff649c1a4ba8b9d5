"""Tools and the choice among them, as the Gemini API wants them declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trouplet_gemini.json_schema import inlined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ToolSchema

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_CUT = "went to gemini shortened: there are references in it that lead back to themselves, or nowhere"


class Declared(NamedTuple):
    """Something in wire form, and what has to be noted in each run that uses it."""

    form: object
    notes: tuple[str, ...]


def declared_tools(tools: Sequence[ToolSchema]) -> Declared:
    """Return the field ``tools``: one list of functions."""
    functions, notes = [], []
    for tool in tools:
        parameters, cut = inlined(tool.parameters)
        function: dict[str, object] = {"name": tool.name, "description": tool.description or tool.name}
        if parameters.get("properties") or parameters.get("additionalProperties"):
            function["parametersJsonSchema"] = parameters
        functions.append(function)
        if cut:
            notes.append(f"the parameters of the tool {tool.name!r} {_CUT}")
    return Declared([{"functionDeclarations": functions}], tuple(notes))


def declared_schema(schemas: Sequence[Mapping[str, object]]) -> Declared:
    """Return the fields of ``generationConfig`` that ask for an answer in JSON of the one schema given."""
    schema, cut = inlined(schemas[0])
    notes = (f"the schema of the answer {_CUT}",) if cut else ()
    return Declared({"responseMimeType": "application/json", "responseJsonSchema": schema}, notes)


def tool_config(choice: str) -> dict[str, object]:
    """Return the ``toolConfig`` for a checked choice: ``auto``, ``none``, ``required`` or a tool's name."""
    config: dict[str, object] = {"mode": _MODES.get(choice, "ANY")}
    if choice not in _MODES:
        config["allowedFunctionNames"] = [choice]
    return {"functionCallingConfig": config}
