"""The prompt and the grammar of steps."""

import json

import pytest

from trouplet.errors import BadSetting
from trouplet.model_io import ToolSchema
from trouplet_local.steps import plain_schema, relaxed_schema, step_text, steps_schema, tools_prompt

WRITE = ToolSchema(
    "write",
    "Write a file.\n\nMissing folders are made, and so on.",
    {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "mode": {"enum": ["new", "append"]},
            "lines": {"anyOf": [{"type": "array"}, {"type": "null"}]},
        },
        "required": ["path", "mode"],
    },
)
LOOK = ToolSchema("look", "Look around.", {"type": "object", "properties": {}})


def branches(schema):
    return [branch["properties"] for branch in schema["anyOf"]]


def test_a_tool_takes_one_line_of_the_prompt():
    prompt = tools_prompt([WRITE, LOOK])
    assert '- write(path: string, mode: "new"|"append", lines?: array): Write a file.\n- look(): Look around.' in prompt
    assert "Missing folders" not in prompt


def test_the_same_tools_give_the_same_prompt():
    assert tools_prompt([WRITE, LOOK]) == tools_prompt([WRITE, LOOK])


def test_a_step_is_a_call_of_one_of_the_tools_or_an_answer():
    made = branches(steps_schema([WRITE, LOOK]))
    assert [list(members) for members in made] == [
        ["thought", "tool", "arguments"],
        ["thought", "tool", "arguments"],
        ["thought", "answer"],
    ]
    assert [members["tool"] for members in made[:2]] == [{"const": "write"}, {"const": "look"}]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ["write", "look", None]),
        ("auto", ["write", "look", None]),
        ("none", [None]),
        ("required", ["write", "look"]),
        ("look", ["look"]),
    ],
)
def test_the_choice_of_tools_decides_which_steps_there_are(choice, expected):
    made = branches(steps_schema([WRITE, LOOK], choice=choice))
    assert [members.get("tool", {}).get("const") for members in made] == expected


def test_a_barred_tool_is_left_out_unless_it_is_asked_for():
    assert [members.get("tool") for members in branches(steps_schema([WRITE, LOOK], barred="write"))] == [
        {"const": "look"},
        None,
    ]
    assert len(branches(steps_schema([WRITE, LOOK], barred="write", choice="write"))) == 1


def test_a_choice_that_names_no_tool_is_an_error():
    with pytest.raises(BadSetting, match="names no tool"):
        steps_schema([LOOK], choice="lok")


def test_the_answer_has_the_schema_that_was_asked_for():
    output = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert branches(steps_schema([LOOK], output=output))[-1]["answer"] == {**output, "additionalProperties": False}


def test_definitions_of_two_tools_do_not_collide():
    def tool(name, kind):
        parameters = {
            "type": "object",
            "properties": {"it": {"$ref": "#/$defs/It"}},
            "$defs": {"It": {"type": kind}},
        }
        return ToolSchema(name, "", parameters)

    made = steps_schema([tool("a", "string"), tool("b", "integer")])
    assert made["$defs"] == {"a.It": {"type": "string"}, "b.It": {"type": "integer"}}
    assert branches(made)[0]["arguments"]["properties"]["it"] == {"$ref": "#/$defs/a.It"}


def test_schemas_are_not_changed():
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"type": "string"}}}
    before = json.dumps(schema)
    plain_schema(schema)
    relaxed_schema(steps_schema([ToolSchema("t", "", schema)]))
    assert json.dumps(schema) == before


def test_patterns_that_no_grammar_can_follow_are_left_out():
    schema = {"type": "object", "properties": {"a": {"pattern": "^(?=x)y"}, "b": {"pattern": "^[a-z]+$"}}}
    assert plain_schema(schema)["properties"] == {"a": {}, "b": {"pattern": "^[a-z]+$"}}


def test_a_property_may_be_called_pattern():
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}}}
    assert plain_schema(schema)["properties"] == {"pattern": {"type": "string"}}


def test_relaxed_steps_take_any_arguments():
    made = branches(relaxed_schema(steps_schema([WRITE])))
    assert [members.get("arguments") for members in made] == [{"type": "object"}, None]


def test_a_step_is_written_with_the_white_space_of_the_models():
    assert step_text("Läuft.", {"tool": '"look"', "arguments": "{}"}) == (
        '{\n  "thought": "Läuft.",\n  "tool": "look",\n  "arguments": {}\n}'
    )
