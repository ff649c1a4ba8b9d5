"""Tool calls in the odd forms in which servers stream them; the plain ones are the contract's matter."""

import pytest

from trouplet.errors import InvalidResponse
from trouplet.messages import ToolUseBlock


def call(index=None, id=None, name=None, arguments=None, **more):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    made = {"index": index, "id": id, "type": "function", "function": function}
    return {key: value for key, value in made.items() if value is not None} | more


@pytest.fixture
def calls(streamed, delta):
    """Streams call deltas, one event each (a list: several in one event), and returns id, name and arguments."""

    async def stream(*deltas, finish="tool_calls"):
        events = [delta(tool_calls=one if isinstance(one, list) else [one]) for one in deltas]
        answer = await streamed(delta(role="assistant", content=None), *events, delta(finish), "[DONE]")
        assert answer.finish_reason == "tool_calls"
        assert all(isinstance(block, ToolUseBlock) for block in answer.content)
        return [(block.id, block.name, block.raw_input) for block in answer.content]

    return stream


async def test_calls_without_index_are_told_apart_by_id(calls):
    made = await calls([call(None, "a", "f", "{}"), call(None, "b", "g", '{"y":')], call(None, "b", arguments="2}"))
    assert made == [("a", "f", "{}"), ("b", "g", '{"y":2}')]


async def test_pieces_without_index_and_id_belong_to_the_last_call(calls):
    made = await calls(
        call(None, "a", "f", '{"x":'), call(arguments="1}"), call(None, "b", "g", ""), call(arguments="{}")
    )
    assert made == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


async def test_calls_without_index_and_id_begin_with_a_name(calls):
    made = await calls(call(name="f", arguments="{}"), call(name="g", arguments='{"y":'), call(arguments="2}"))
    assert [(name, arguments) for _, name, arguments in made] == [("f", "{}"), ("g", '{"y":2}')]
    assert made[0][0] != made[1][0]


async def test_calls_that_all_say_index_0_are_told_apart_by_id_and_name(calls):
    made = await calls(call(0, "a", "f", '{"x":1}'), call(0, "b", "f", '{"x":2}'), call(0, "c", "f", '{"x":3}'))
    assert made == [("a", "f", '{"x":1}'), ("b", "f", '{"x":2}'), ("c", "f", '{"x":3}')]


async def test_a_name_may_be_split(calls):
    made = await calls(call(0, "a", "get_"), call(0, name="wea"), call(0, name="ther"), call(0, arguments="{}"))
    assert made == [("a", "get_weather", "{}")]


async def test_a_name_may_be_repeated_and_may_grow(calls):
    made = await calls(
        call(0, "a", "get", ""),
        call(0, "a", "get_weather", ""),
        call(0, "a", "get_weather", "{"),
        call(0, "a", "get_weather", "}"),
    )
    assert made == [("a", "get_weather", "{}")]


async def test_arguments_may_be_an_object(calls):
    assert await calls(call(0, "a", "f", {"city": "Ærø"})) == [("a", "f", '{"city": "Ærø"}')]


async def test_arguments_may_come_before_the_name(calls):
    made = await calls(call(0, "a", arguments='{"x":'), call(0, name="f"), call(0, arguments="1}"))
    assert made == [("a", "f", '{"x":1}')]


async def test_calls_without_arguments_keep_their_order(calls):
    made = await calls(call(0, "a", "f", ""), call(1, "b", "g"), call(2, "c", "h", "{}"))
    assert made == [("a", "f", ""), ("b", "g", ""), ("c", "h", "{}")]


async def test_an_answer_with_calls_that_stopped_has_ended_in_its_calls(calls):
    assert await calls(call(0, "a", "f", "{}"), finish="stop") == [("a", "f", "{}")]


async def test_arguments_are_not_repaired(calls):
    assert (await calls(call(0, "a", "f", '{"x": 1,}')))[0][2] == '{"x": 1,}'


async def test_the_old_function_call_is_a_call(streamed, delta):
    answer = await streamed(
        delta(function_call={"name": "f", "arguments": ""}),
        delta(function_call={"arguments": '{"x":1}'}),
        delta("function_call"),
        "[DONE]",
    )
    assert answer.finish_reason == "tool_calls"
    assert answer.content[0].raw_input == '{"x":1}'
    assert answer.content[0].id


async def test_a_thought_signature_stays_with_its_call(streamed, delta):
    signature = {"google": {"thought_signature": "c2ln"}}
    answer = await streamed(
        delta(tool_calls=[call(None, "a", "f", "{}", extra_content=signature)]),
        delta(tool_calls=[call(None, "b", "g", "{}")]),
        delta(tool_calls=[call(None, "b", extra_content=signature)]),
        delta("stop"),
        "[DONE]",
    )
    assert [block.extra for block in answer.content] == [{"openai": {"extra_content": signature}}] * 2


async def test_a_call_without_a_name_is_an_invalid_answer(acme, model, ask, sse, delta):
    nameless = delta(tool_calls=[call(0, "a", arguments="{}")])
    acme.answers(sse(delta(content="Hm."), nameless, delta("tool_calls"), "[DONE]"))
    with pytest.raises(InvalidResponse, match="no name") as caught:
        await ask(model())
    assert caught.value.partial == "Hm."
