"""Schemas in the form that the API takes."""

import pytest
from pydantic import BaseModel

from trouplet_gemini.json_schema import inlined


class Part(BaseModel):
    name: str
    of: "list[Part] | None" = None


def test_references_are_replaced_by_what_they_refer_to():
    schema = {
        "type": "object",
        "properties": {
            "one": {"$ref": "#/$defs/Spot", "description": "The first."},
            "two": {"$ref": "#/$defs/Spot"},
            "alias": {"$ref": "#/properties/two"},
        },
        "$defs": {"Spot": {"type": "object", "description": "A spot.", "properties": {"x": {"type": "integer"}}}},
    }
    made, cut = inlined(schema)
    spot = {"type": "object", "description": "A spot.", "properties": {"x": {"type": "integer"}}}
    assert made["properties"] == {"one": {**spot, "description": "The first."}, "two": spot, "alias": spot}
    assert not cut
    assert "$" not in str(made)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/Missing"}}},
        {"type": "object", "properties": {"x": {"$ref": "https://example.com/schema"}}},
        Part.model_json_schema(),
    ],
)
def test_what_leads_nowhere_or_back_is_cut(schema):
    made, cut = inlined(schema)
    assert cut
    assert "$" not in str(made)


def test_what_was_cut_keeps_its_type_and_what_it_is():
    nest = {"type": "array", "description": "Lists of lists.", "items": {"$ref": "#/$defs/Nest"}}
    made, _ = inlined({"type": "object", "properties": {"nest": {"$ref": "#/$defs/Nest"}}, "$defs": {"Nest": nest}})
    assert made["properties"]["nest"]["items"] == {"type": "array", "description": "Lists of lists.", "items": {}}


def test_a_schema_that_would_grow_without_bound_is_cut():
    definitions = {
        f"L{level}": {"type": "object", "properties": {
            side: {"$ref": f"#/$defs/L{level + 1}"} for side in ("left", "right")}}
        for level in range(40)
    }  # fmt: skip
    made, cut = inlined({"$ref": "#/$defs/L0", "$defs": {**definitions, "L40": {"type": "string"}}})
    assert cut
    assert len(str(made)) < 1_000_000


def test_a_schema_that_is_too_deep_is_cut():
    schema = {"type": "string"}
    for _ in range(5_000):
        schema = {"type": "array", "items": schema}
    assert inlined(schema)[1]


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"const": "a"}, {"enum": ["a"]}),
        ({"enum": [1, 2]}, {"enum": [1, 2]}),
        ({"type": "boolean", "enum": [True]}, {"type": "boolean"}),
        ({"enum": ["a", None]}, {}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "object", "properties": {"a": True}, "required": ["a", "b"]},
         {"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        ({"type": "object", "required": ["a"]}, {"type": "object"}),
        ({"type": "object", "additionalProperties": {"const": "a"}},
         {"type": "object", "additionalProperties": {"enum": ["a"]}}),
        ({"$schema": "x", "exclusiveMinimum": 0, "minimum": 0, "not": {}, "if": {}}, {"minimum": 0}),
        ({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "string"}}, "required": ["b"]}]},
         {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"oneOf": [{"type": "string"}, {"type": "null"}]}),
    ],
)  # fmt: skip
def test_keywords_are_said_in_those_that_the_api_knows(schema, made):
    assert inlined(schema) == (made, False)
