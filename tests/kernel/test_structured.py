from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from trouplet import ReActAgent
from trouplet.errors import ConfigError
from trouplet.testing import ScriptedModel, call, validate_history


class Person(BaseModel):
    name: str
    age: int


async def quick() -> str:
    """Be quick."""
    return "quick"


async def test_a_model_that_knows_schemas_answers_in_json() -> None:
    model = ScriptedModel(['{"name": "Ann", "age": 31}'])
    reply = await ReActAgent("Friday", model=model)("Ann is 31.", output_type=Person)
    assert reply.output == Person(name="Ann", age=31)
    assert model.requests[0].output_schema is not None
    assert model.requests[0].tools == ()


async def test_with_tools_the_output_comes_as_a_call() -> None:
    model = ScriptedModel([call("quick"), call("generate_response", name="Ann", age=31), "later"])
    agent = ReActAgent("Friday", model=model, tools=[quick])
    reply = await agent("Ann is 31.", output_type=Person)
    assert reply.output == Person(name="Ann", age=31)
    assert model.requests[0].tool_choice == "required"
    assert [tool.name for tool in model.requests[0].tools] == ["quick", "generate_response"]
    validate_history(await agent.memory.get())
    await agent("and now?")
    assert [tool.name for tool in model.requests[-1].tools] == ["quick"]
    assert len(agent.toolkit) == 1


@pytest.mark.parametrize("first", ['{"name": "Ann"}', "I am not sure.", '{"name": "Ann", "age": "old"}', "[]"])
async def test_a_wrong_answer_is_told_to_the_model_which_tries_again(first: str) -> None:
    agent = ReActAgent("Friday", model=ScriptedModel([first, '{"name": "Ann", "age": 31}']))
    reply = await agent("Ann is 31.", output_type=Person)
    assert reply.output.age == 31
    assert reply.usage.calls == 2
    validate_history(await agent.memory.get())


async def test_a_wrong_call_is_told_to_the_model_which_tries_again() -> None:
    steps = [call("generate_response", name="Ann"), call("generate_response", name="Ann", age=31)]
    agent = ReActAgent("Friday", model=ScriptedModel(steps), tools=[quick])
    assert (await agent("Ann is 31.", output_type=Person)).output.age == 31


@pytest.mark.parametrize(
    ("kind", "answer", "value"), [(int, '{"value": 3}', 3), (list[str], '{"value": ["a"]}', ["a"])]
)
async def test_any_type_may_be_asked_for(kind: type, answer: str, value: object) -> None:
    reply = await ReActAgent("Friday", model=ScriptedModel([answer]))("go", output_type=kind)
    assert reply.output == value


async def test_a_dataclass_may_be_asked_for() -> None:
    @dataclass
    class Point:
        x: int

    assert (await ReActAgent("Friday", model=ScriptedModel(['{"x": 1}']))("go", output_type=Point)).output == Point(1)


async def test_a_type_without_a_schema_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="output_type"):
        await ReActAgent("Friday", model=ScriptedModel([]))("go", output_type=type(lambda: 1))
