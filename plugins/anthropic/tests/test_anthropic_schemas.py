"""Schemas in the subset that the API enforces."""

import copy
from datetime import date
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from trouplet_anthropic.schemas import StrictSchemas


class Kind(Enum):
    GREEN = "green"
    BLACK = "black"


class Cup(BaseModel):
    size: Annotated[int, Field(ge=1, le=9)]
    label: Annotated[str, Field(max_length=20, description="What is on it")] = "none"


class Order(BaseModel):
    """An order of tea."""

    kind: Kind
    when: date
    cups: list[Cup]
    milk: Literal["yes", "no"] | None = None


class Tree(BaseModel):
    children: list["Tree"]


def strict(schema):
    return StrictSchemas().answer(schema)


def test_a_models_schema_is_closed_and_its_bounds_are_said():
    made = strict(Order.model_json_schema())
    assert made["additionalProperties"] is False
    assert made["required"] == ["kind", "when", "cups"]
    cup = made["$defs"]["Cup"]
    assert cup["additionalProperties"] is False
    assert cup["properties"]["size"] == {"type": "integer", "title": "Size", "description": "(maximum: 9, minimum: 1)"}
    assert cup["properties"]["label"]["description"] == "What is on it (maxLength: 20)"
    assert made["properties"]["when"]["format"] == "date"
    assert made["properties"]["cups"]["items"] == {"$ref": "#/$defs/Cup"}


def test_the_schema_itself_is_not_changed():
    schema = Order.model_json_schema()
    before = copy.deepcopy(schema)
    strict(schema)
    assert schema == before


@pytest.mark.parametrize(
    "schema",
    [
        Tree.model_json_schema(),
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "properties": {"x": {}}},
        {"type": "object", "properties": {"x": True}},
        {"type": "object", "properties": {"x": {"$ref": "https://example.com/x"}}},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/Missing"}}},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "object", "properties": {"x": {"not": {"type": "string"}}}},
        {"type": "object", "properties": [], "required": []},
        {"type": "object", "properties": {}, "required": "x"},
    ],
    ids=str,
)
def test_what_the_subset_cannot_say_has_no_strict_form(schema):
    assert strict(schema) is None


def test_a_hostile_schema_is_given_up_quickly():
    schema = {"type": "string"}
    for _ in range(10_000):
        schema = {"type": "array", "items": schema}
    assert strict(schema) is None


def optional(count):
    return {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(count)}}


def test_the_schemas_of_a_request_share_the_apis_limits():
    schemas = StrictSchemas()
    assert schemas.tool(optional(20)) is not None
    assert schemas.tool(optional(5)) is None
    assert schemas.answer(optional(4)) is not None
    unions = {"type": "object", "properties": {f"p{n}": {"type": ["string", "null"]} for n in range(17)}}
    unions["required"] = list(unions["properties"])
    assert strict(unions) is None


def test_no_more_than_twenty_tools_are_strict():
    schemas = StrictSchemas()
    forms = [schemas.tool(optional(0)) for _ in range(21)]
    assert [form is None for form in forms] == [False] * 20 + [True]
