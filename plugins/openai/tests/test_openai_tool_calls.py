"""Tool calls in all the forms in which servers stream them."""

import json

import pytest

from trouplet.errors import InvalidResponse
from trouplet.messages import TextBlock, ToolUseBlock
from trouplet.model_io import ToolCallChunk, ToolSchema

TOOLS = [ToolSchema("get_weather", "Say how the weather is.", {"type": "object", "properties": {}})]


def call(index=None, id=None, name=None, arguments=None, **more):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    made = {"index": index, "id": id, "type": "function", "function": function}
    return {key: value for key, value in made.items() if value is not None} | more


@pytest.fixture
def calls(peer, model, ask, response, sse, delta):
    """Streams call deltas, one chunk each (a list: several in one chunk), and returns the answer's content."""

    async def stream(*deltas, finish="tool_calls"):
        chunks = [delta(tool_calls=one if isinstance(one, list) else [one]) for one in deltas]
        peer.answers(sse(delta(role="assistant", content=None), *chunks, delta(finish), "[DONE]"))
        answer = response(await ask(model(), tools=TOOLS))
        assert answer.finish_reason == "tool_calls"
        assert all(isinstance(block, ToolUseBlock) for block in answer.content)
        return [(block.id, block.name, block.raw_input) for block in answer.content]

    return stream


async def test_a_call_comes_in_pieces(calls):
    made = await calls(
        call(0, "call_1", "get_weather", ""),
        call(0, arguments='{"ci'),
        call(0, arguments='ty":'),
        call(0, arguments='"Oslo"}'),
    )
    assert made == [("call_1", "get_weather", '{"city":"Oslo"}')]


async def test_parallel_calls_may_be_interleaved(calls):
    made = await calls(
        call(0, "a", "f", ""),
        call(1, "b", "g", ""),
        call(1, arguments='{"y":'),
        call(0, arguments='{"x":'),
        [call(0, arguments="1}"), call(1, arguments="2}")],
    )
    assert made == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


async def test_id_and_name_come_with_the_first_chunk_of_a_call(peer, model, ask, sse, delta):
    peer.answers(
        sse(
            delta(tool_calls=[call(0, "a", "f", "")]),
            delta(tool_calls=[call(0, arguments="{")]),
            delta(tool_calls=[call(0, arguments="}")]),
            delta("tool_calls"),
            "[DONE]",
        )
    )
    chunks = [chunk for chunk in await ask(model(), tools=TOOLS) if isinstance(chunk, ToolCallChunk)]
    assert [(chunk.id, chunk.name, chunk.arguments) for chunk in chunks] == [("a", "f", "{"), (None, None, "}")]


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
    made = await calls(call(0, "a", "f", {"city": "Ærø"}))
    assert made == [("a", "f", '{"city": "Ærø"}')]


async def test_arguments_may_come_before_the_name(calls):
    made = await calls(call(0, "a", arguments='{"x":'), call(0, name="f"), call(0, arguments="1}"))
    assert made == [("a", "f", '{"x":1}')]


async def test_a_call_without_arguments_is_a_call(calls):
    assert await calls(call(0, "a", "f", ""), call(1, "b", "g")) == [("a", "f", ""), ("b", "g", "")]


async def test_missing_and_repeated_ids_become_unique_ones(calls):
    made = await calls([call(0, "", "f", "{}"), call(1, "same", "g", "{}"), call(2, "same", "h", "{}")])
    ids = [id for id, _, _ in made]
    assert len(set(ids)) == 3
    assert all(ids)
    assert ids[1] == "same"


async def test_the_old_function_call_is_a_call(peer, model, ask, response, sse, delta):
    peer.answers(
        sse(
            delta(function_call={"name": "f", "arguments": ""}),
            delta(function_call={"arguments": '{"x":1}'}),
            delta("function_call"),
            "[DONE]",
        )
    )
    answer = response(await ask(model(), tools=TOOLS))
    assert answer.finish_reason == "tool_calls"
    assert answer.content[0].raw_input == '{"x":1}'
    assert answer.content[0].id


async def test_an_answer_with_calls_that_stopped_has_ended_in_its_calls(calls):
    assert await calls(call(0, "a", "f", "{}"), finish="stop") == [("a", "f", "{}")]


async def test_text_before_calls_stays_text(peer, model, ask, response, sse, delta):
    peer.answers(
        sse(delta(content="Let me see."), delta(tool_calls=[call(0, "a", "f", "{}")]), delta("tool_calls"), "[DONE]")
    )
    answer = response(await ask(model(), tools=TOOLS))
    assert answer.content == (TextBlock("Let me see."), ToolUseBlock("a", "f", {}, "{}"))


async def test_a_thought_signature_stays_with_its_call(peer, model, ask, response, sse, delta):
    signature = {"google": {"thought_signature": "c2ln"}}
    peer.answers(
        sse(
            delta(tool_calls=[call(None, "a", "f", "{}", extra_content=signature)]),
            delta(tool_calls=[call(None, "b", "g", "{}")]),
            delta(tool_calls=[call(None, "b", extra_content=signature)]),
            delta("stop"),
            "[DONE]",
        )
    )
    answer = response(await ask(model(), tools=TOOLS))
    assert [block.extra for block in answer.content] == [{"openai": {"extra_content": signature}}] * 2


async def test_a_call_without_a_name_is_an_invalid_answer(peer, model, ask, sse, delta):
    peer.answers(
        sse(delta(content="Hm."), delta(tool_calls=[call(0, "a", arguments="{}")]), delta("tool_calls"), "[DONE]")
    )
    with pytest.raises(InvalidResponse, match="no name") as caught:
        await ask(model(), tools=TOOLS)
    assert caught.value.partial == "Hm."


async def test_arguments_are_not_repaired(calls):
    made = await calls(call(0, "a", "f", '{"x": 1,}'))
    assert json.dumps(made[0][2]) == json.dumps('{"x": 1,}')
