"""The form in which a model with tools says its next step, and its grammar.

llama.cpp's own tool calling depends on the chat template of each file, and those of small models cannot be trusted.
Here the tools are described in the system prompt, and a grammar makes the answer one JSON object: a thought, and either
a tool with its arguments or the answer. Steps in the history have the white space that models choose by themselves, so
that they are token by token what the model wrote and its prefix cache holds. (A grammar without white space makes
shorter steps, and was seen to lead a model into a brace too many where code ends right before the JSON does.)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ToolSchema

THOUGHT, TOOL, ARGUMENTS, ANSWER = "thought", "tool", "arguments", "answer"
_THOUGHT_LENGTH = 240

_PROMPT = """\
You have these tools:
{tools}

Answer with one JSON object, and nothing else. To use a tool:
{{
  "thought": "one short sentence about the next step",
  "tool": "NAME",
  "arguments": {{...}}
}}
You get its result and go on with the next part of the task; never repeat a step that worked. When all is done, give \
the final answer:
{{
  "thought": "one short sentence",
  "answer": "your answer to the user, with the results"
}}
Use a tool for whatever has to be written, read or computed; never guess a result. One step at a time."""

GO_ON = "Now do the next part of the task, or give the answer if all is done."
TRY_AGAIN = "That failed. Find out why and try it another way."


def tools_prompt(tools: Sequence[ToolSchema]) -> str:
    """Describe the tools, briefly, and the form of a step. The same tools always give the same text."""
    return _PROMPT.format(tools="\n".join([_described(tool) for tool in tools]))


def _described(tool: ToolSchema) -> str:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    parameters = [
        _parameter(name, schema, isinstance(required, (list, tuple)) and name in required)
        for name, schema in (properties.items() if isinstance(properties, dict) else ())
    ]
    summary, _, _ = tool.description.partition("\n\n")
    return f"- {tool.name}({', '.join(parameters)}): {' '.join(summary.split())}"


def _parameter(name: str, schema: object, required: bool) -> str:
    kind = _kind(schema) if isinstance(schema, dict) else ""
    return f"{name}{'' if required else '?'}{': ' + kind if kind else ''}"


def _kind(schema: Mapping[str, object]) -> str:
    choices = schema.get("enum")
    if isinstance(choices, list):
        return "|".join([json.dumps(choice, ensure_ascii=False) for choice in choices])
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    branches = schema.get("anyOf")
    if isinstance(branches, list):
        kinds = [_kind(branch) or "any" for branch in branches if isinstance(branch, dict)]
        return "|".join([kind for kind in kinds if kind != "null"])
    return ""


def steps_schema(
    tools: Sequence[ToolSchema],
    *,
    choice: str | None = None,
    output: Mapping[str, object] | None = None,
    barred: str | None = None,
) -> dict[str, object]:
    """Return the schema of a step: one branch per tool that may be called, and one for the answer if it may be given.

    ``choice`` is a request's ``tool_choice``, ``output`` the schema of the answer when it is not text. The ``barred``
    tool is left out where the choice is the model's.
    """
    if choice in (None, "auto"):
        tools = [tool for tool in tools if tool.name != barred]
    definitions: dict[str, object] = {}
    branches = [
        _branch({TOOL: {"const": tool.name}, ARGUMENTS: _closed(tool.parameters, tool.name, definitions)})
        for tool in _callable(tools, choice)
    ]
    if choice in (None, "auto", "none"):
        answer = {"type": "string"} if output is None else _closed(output, ANSWER, definitions)
        branches.append(_branch({ANSWER: answer}))
    return {"anyOf": branches, "$defs": definitions} if definitions else {"anyOf": branches}


def _callable(tools: Sequence[ToolSchema], choice: str | None) -> list[ToolSchema]:
    if choice == "none":
        return []
    if choice in (None, "auto", "required"):
        return list(tools)
    named = [tool for tool in tools if tool.name == choice]
    if not named:
        raise BadSetting(f"tool_choice={choice!r} names no tool", fix="Use auto, none, required or a tool's name")
    return named


def _branch(members: Mapping[str, object]) -> dict[str, object]:
    properties = {THOUGHT: {"type": "string", "maxLength": _THOUGHT_LENGTH}, **members}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def plain_schema(schema: Mapping[str, object]) -> dict[str, object]:
    """Return a schema for the grammar of an answer that is JSON."""
    definitions: dict[str, object] = {}
    made = _closed(schema, ANSWER, definitions)
    return {**made, "$defs": definitions} if definitions else made


def _closed(schema: Mapping[str, object], owner: str, definitions: dict[str, object]) -> dict[str, object]:
    """Move a schema's definitions to ``definitions``, under names of their owner's, and close it to other members."""
    made = _renamed(schema, f"{owner}.")
    assert isinstance(made, dict)
    found = made.pop("$defs", None)
    for name, definition in found.items() if isinstance(found, dict) else ():
        definitions[f"{owner}.{name}"] = definition
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


_REFERENCE = "#/$defs/"


def _renamed(value: object, prefix: str) -> object:
    """Copy a schema with its references renamed and without what no grammar can hold a model to."""
    if isinstance(value, (list, tuple)):
        return [_renamed(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _renamed(item, prefix) for key, item in value.items() if not _beyond_grammars(key, item)}
    reference = made.get("$ref")
    if isinstance(reference, str) and reference.startswith(_REFERENCE):
        made["$ref"] = _REFERENCE + prefix + reference.removeprefix(_REFERENCE)
    return made


def _beyond_grammars(key: str, value: object) -> bool:
    """Whether a keyword would make the grammar engine give up: look-around and back references in a pattern."""
    return key == "pattern" and isinstance(value, str) and ("(?" in value or "\\" in value)


def relaxed_schema(schema: Mapping[str, object]) -> dict[str, object]:
    """Return the schema of a step with any arguments: for tools whose schema the grammar engine cannot follow."""
    branches = schema["anyOf"]
    assert isinstance(branches, list)
    return {**schema, "anyOf": [_with_any_arguments(branch) for branch in branches]}


def _with_any_arguments(branch: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    properties = branch["properties"]
    if ARGUMENTS not in properties:
        return branch
    return {**branch, "properties": {**properties, ARGUMENTS: {"type": "object"}}}


def step_text(thought: str, members: Mapping[str, str]) -> str:
    """Write a step as the model writes it; the values of ``members`` are JSON text."""
    written = {THOUGHT: json.dumps(thought, ensure_ascii=False), **members}
    return "{\n" + ",\n".join([f'  "{key}": {value}' for key, value in written.items()]) + "\n}"
