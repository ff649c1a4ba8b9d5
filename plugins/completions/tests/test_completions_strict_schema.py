"""The strict form of schemas: closed, complete, and never wider than what was asked for."""

import copy

import pytest

from trouplet_completions.schemas import strict_schema


def obj(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


STRING = {"type": "string"}


def test_objects_are_closed_and_all_properties_required_at_every_level():
    schema = obj(("a",), a=obj(b=STRING), c={"type": "array", "items": obj(d=STRING)})
    before = copy.deepcopy(schema)
    made = strict_schema(schema)
    assert made["required"] == ["a", "c"]
    assert made["additionalProperties"] is False
    assert made["properties"]["a"] == {**obj(("b",), b=STRING), "additionalProperties": False}
    assert made["properties"]["c"]["items"]["required"] == ["d"]
    assert schema == before


def test_annotations_that_are_refused_are_dropped():
    made = strict_schema({"$schema": "x", **obj(a={"type": "string", "default": "x", "examples": ["y"], "title": "A"})})
    assert made["properties"]["a"] == {"type": "string", "title": "A"}
    assert "$schema" not in made


def test_constraints_are_kept():
    number = {"type": "integer", "minimum": 0, "maximum": 9}
    items = {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1}
    assert strict_schema(obj(a=number, b=items))["properties"] == {"a": number, "b": items}


def test_definitions_and_references_are_narrowed_too():
    schema = obj(("a",), a={"$ref": "#/$defs/A", "description": "An A."}) | {"$defs": {"A": obj(x=STRING)}}
    made = strict_schema(schema)
    assert made["properties"]["a"] == {"anyOf": [{"$ref": "#/$defs/A"}], "description": "An A."}
    assert made["$defs"]["A"]["additionalProperties"] is False


def test_alternatives_with_a_discriminator_are_any_of_them():
    cat, dog = obj(kind={"const": "cat"}), obj(kind={"const": "dog"})
    made = strict_schema(obj(pet={"oneOf": [cat, dog], "discriminator": {"propertyName": "kind"}}))
    assert [one["properties"]["kind"]["const"] for one in made["properties"]["pet"]["anyOf"]] == ["cat", "dog"]


def deep(levels):
    schema = STRING
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return obj(a=schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": STRING},
        {"$ref": "#/$defs/A", "$defs": {"A": obj(a=STRING)}},
        {"type": "object", "anyOf": [obj(a=STRING)]},
        {"type": "object", "additionalProperties": STRING},
        {**obj(a=STRING), "additionalProperties": True},
        obj(a={"allOf": [STRING]}),
        obj(a={"oneOf": [STRING, {"type": "null"}]}),
        obj(a={"not": STRING}),
        obj(a={"type": "string", "minLength": 3}),
        obj(a={"type": "string", "format": "uri"}),
        obj(a={"type": "object", "patternProperties": {"^x": STRING}}),
        obj(a={"type": "array", "prefixItems": [STRING]}),
        obj(a={}),
        obj(a=True),
        obj(a={"anyOf": "no"}),
        {"type": "object", "properties": []},
        {**obj(a={"$ref": "#/$defs/N"}), "$defs": {"N": obj(next={"$ref": "#/$defs/N"})}},
        deep(10_000),
        obj(a={"enum": list(range(1_001))}),
        obj(**{f"p{number}": STRING for number in range(5_001)}),
        obj(a={"enum": ["x" * 120_001]}),
    ],
)
def test_what_cannot_be_said_strictly_has_no_strict_form(schema):
    assert strict_schema(schema) is None


def test_a_list_of_its_own_kind_is_fine():
    tree = obj(children={"type": "array", "items": {"$ref": "#/$defs/Tree"}})
    assert strict_schema({**obj(("root",), root={"$ref": "#/$defs/Tree"}), "$defs": {"Tree": tree}}) is not None


def test_objects_nested_deeper_than_the_api_takes_are_not_strict():
    schema = obj(a=STRING)
    for _ in range(9):
        schema = obj(a=schema)
    assert strict_schema(schema) is not None
    assert strict_schema(obj(a=schema)) is None
