from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from trouplet import PartialOutput, ReActAgent
from trouplet.errors import ConfigError, OutputMissing
from trouplet.model_io import CAPABILITIES, Finish, TextChunk
from trouplet.testing import ScriptedModel, call, validate_history


class Person(BaseModel):
    name: str
    age: int


class Place(BaseModel):
    city: str


class Tree(BaseModel):
    children: list["Tree"] = []


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


async def test_a_model_that_knows_schemas_beside_tools_answers_in_json_too() -> None:
    model = ScriptedModel([call("quick"), '{"name": "Ann", "age": 31}'], capabilities=CAPABILITIES)
    reply = await ReActAgent("Friday", model=model, tools=[quick])("Ann is 31.", output_type=Person)
    assert reply.output == Person(name="Ann", age=31)
    assert [tool.name for tool in model.requests[0].tools] == ["quick"]
    assert model.requests[0].output_schema is not None


PERSON = '{"name": "Ann", "age": 31}'


@pytest.mark.parametrize("answer", [PERSON, f"Here:\n```json\n{PERSON}\n```\nBye."])
async def test_a_model_without_tools_is_told_the_schema(answer: str) -> None:
    model = ScriptedModel([answer], capabilities={"streaming", "system"})
    agent = ReActAgent("Friday", model=model)
    reply = await agent("Ann is 31.", output_type=Person)
    assert reply.output == Person(name="Ann", age=31)
    assert '"age"' in model.requests[0].messages[-1].text
    assert [msg.text for msg in await agent.memory.get()] == ["Ann is 31.", answer]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('{"value": {"city": "Oslo"}}', Place(city="Oslo")),
        ('{"value": {"name": "A", "age": 1}}', Person(name="A", age=1)),
    ],
)
async def test_one_of_several_types_may_be_asked_for(answer: str, value: object) -> None:
    reply = await ReActAgent("Friday", model=ScriptedModel([answer]))("go", output_type=Person | Place)
    assert reply.output == value


async def test_a_type_that_holds_itself_may_be_asked_for() -> None:
    model = ScriptedModel(['{"value": {"children": [{"children": []}]}}'])
    reply = await ReActAgent("Friday", model=model)("go", output_type=Tree)
    assert reply.output == Tree(children=[Tree()])
    assert model.requests[0].output_schema["type"] == "object"


@pytest.mark.parametrize("wrong", ['{"name": "Ann"}', call("generate_response", name="Ann")])
async def test_a_model_that_never_gets_it_right_is_asked_four_times(wrong: object) -> None:
    tools = [] if isinstance(wrong, str) else [quick]
    model = ScriptedModel([wrong] * 9)
    with pytest.raises(OutputMissing, match=r"4 attempts.*age"):
        await ReActAgent("Friday", model=model, tools=tools)("Ann is 31.", output_type=Person)
    assert len(model.requests) == 4


async def partials(model: ScriptedModel, **agent: object) -> list[object]:
    stream = ReActAgent("Friday", model=model, **agent).stream("go", output_type=Person)
    return [event.data async for event in stream if isinstance(event, PartialOutput)]


async def test_the_output_is_seen_while_it_arrives() -> None:
    answer = [TextChunk(piece) for piece in ('{"name": "A', 'nn", ', '"age": 3', "1}")]
    seen = await partials(ScriptedModel([[*answer, Finish()]]))
    assert seen[0] == {"name": "A"}
    assert seen[-1] == {"name": "Ann", "age": 31}


async def test_the_output_is_seen_while_it_arrives_as_a_call() -> None:
    seen = await partials(ScriptedModel([call("generate_response", name="Ann", age=31)]), tools=[quick])
    assert seen[-1] == {"name": "Ann", "age": 31}


async def test_a_long_output_is_not_parsed_for_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    import pydantic_core

    parsed: list[int] = []

    def from_json(text: str, **options: object) -> object:
        parsed.append(len(text))
        return {"length": len(text)}

    monkeypatch.setattr(pydantic_core, "from_json", from_json)
    pieces = ["aaaa"] * 20_000
    answer = [TextChunk(piece) for piece in ('{"name": "', *pieces, '", "age": 1}')]
    seen = await partials(ScriptedModel([[*answer, Finish()]]))
    assert len(seen) > 100
    assert sum(parsed) < 25 * 80_000
