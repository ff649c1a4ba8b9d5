"""The chat model over an engine whose model is a script."""

import pytest

from trouplet.errors import BadSetting, InvalidResponse, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest, TextChunk, ThinkingChunk, ToolCallChunk, ToolSchema, Usage
from trouplet.response import ResponseBuilder

ADD = ToolSchema("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
CALL = '{\n  "thought": "I add.",\n  "tool": "add",\n  "arguments": {"a": 2}\n}'
ANSWER = '{"thought": "Done.", "answer": "It is \\"4\\" \\u8336."}'


def request(*tools, **fields):
    return ModelRequest([Msg("system", "Be brief.", "system"), Msg("Ann", "2+2?")], tools, **fields)


async def chunks_of(model, asked):
    return [chunk async for chunk in model.stream(asked)]


async def chunks_into(chunks, model, asked):
    """Keep the chunks that come before an error."""
    async for chunk in model.stream(asked):
        chunks.append(chunk)


def blocks_of(chunks):
    builder = ResponseBuilder()
    for chunk in chunks:
        builder.add(chunk)
    return builder.blocks()


async def test_without_tools_the_text_streams_as_it_comes(scripted, say):
    async with scripted(say("Hello there")) as (model, _):
        chunks = await chunks_of(model, request())
    assert [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)] == ["Hel", "lo ", "the", "re"]
    finish = chunks[-1]
    assert (finish.reason, finish.usage, finish.response_id) == ("stop", Usage(7, 5, 2), "c1")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_an_answer_streams_out_of_its_step(scripted, say, size):
    async with scripted(say(ANSWER, size=size)) as (model, _):
        chunks = await chunks_of(model, request(ADD))
    assert blocks_of(chunks) == (ThinkingBlock("Done."), TextBlock('It is "4" 茶.'))
    assert chunks[-1].reason == "stop"
    if size == 1:
        assert len([chunk for chunk in chunks if isinstance(chunk, TextChunk)]) > 5


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_a_call_comes_whole_with_the_text_that_the_model_wrote(scripted, say, size):
    async with scripted(say(CALL, size=size)) as (model, _):
        chunks = await chunks_of(model, request(ADD))
    thought, call = blocks_of(chunks)
    assert thought == ThinkingBlock("I add.")
    assert isinstance(call, ToolUseBlock)
    assert (call.name, call.input, call.raw_input) == ("add", {"a": 2}, '{"a": 2}')
    assert call.id
    assert chunks[-1].reason == "tool_calls"
    assert len([chunk for chunk in chunks if isinstance(chunk, ToolCallChunk)]) == 1


async def test_tools_go_into_the_system_prompt_and_the_grammar_and_nowhere_else(scripted, say):
    async with scripted(say(CALL)) as (model, completer):
        await chunks_of(model, request(ADD))
    ((body, schema),) = completer.requests
    assert "tools" not in body
    assert "tool_choice" not in body
    assert body["messages"][0]["content"].startswith("Be brief.\n\nYou have these tools:\n- add(a: integer): Add.")
    assert [branch["required"] for branch in schema["anyOf"]] == [
        ["thought", "tool", "arguments"],
        ["thought", "answer"],
    ]


async def test_a_conversation_without_a_system_prompt_gets_one_for_the_tools(scripted, say):
    async with scripted(say(CALL)) as (model, completer):
        await chunks_of(model, ModelRequest([Msg("Ann", "2+2?")], (ADD,)))
    assert [turn["role"] for turn in completer.requests[0][0]["messages"]] == ["system", "user"]


async def test_structured_output_is_the_json_text_of_the_grammar(scripted, say):
    output = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    async with scripted(say('{"n": 4}')) as (model, completer):
        chunks = await chunks_of(model, request(output_schema=output))
    assert blocks_of(chunks) == (TextBlock('{"n": 4}'),)
    assert completer.requests[0][1] == {**output, "additionalProperties": False}


async def test_structured_output_with_tools_is_the_answer_of_a_step(scripted, say):
    output = {"type": "object", "properties": {"n": {"type": "integer"}}}
    async with scripted(say('{"thought": "Done.", "answer": {"n": 4}}')) as (model, _):
        chunks = await chunks_of(model, request(ADD, output_schema=output))
    assert blocks_of(chunks)[1] == TextBlock('{"n": 4}')


async def test_a_step_that_is_not_json_is_asked_for_once_more_with_a_looser_grammar(scripted, say):
    async with scripted(say("I cannot tell."), say(CALL)) as (model, completer):
        chunks = await chunks_of(model, request(ADD))
    assert [block.name for block in blocks_of(chunks) if isinstance(block, ToolUseBlock)] == ["add"]
    assert completer.requests[1][1]["anyOf"][0]["properties"]["arguments"] == {"type": "object"}
    assert chunks[-1].usage == Usage(14, 10, 4, calls=2)


@pytest.mark.parametrize(
    "broken",
    [
        '{"thought": "x", "tool": "add", "arguments": {"a": 2}',
        CALL.replace('"a": 2', '"a": 2, "a": 3'),
        '{"thought": "x"}',
    ],
)
async def test_nothing_is_ever_repaired_into_a_call(scripted, say, broken):
    chunks = []
    async with scripted(say(broken), say(broken)) as (model, _):
        with pytest.raises(InvalidResponse, match="no valid step in two attempts"):
            await chunks_into(chunks, model, request(ADD))
    assert {type(chunk) for chunk in chunks} == {ThinkingChunk}


async def test_a_call_that_was_cut_off_is_no_call(scripted, say):
    async with scripted(say(CALL[:-4], reason="length")) as (model, _):
        chunks = await chunks_of(model, request(ADD))
    assert blocks_of(chunks) == (ThinkingBlock("I add."),)
    assert chunks[-1].reason == "length"


async def test_an_answer_that_was_cut_off_keeps_its_text(scripted, say):
    cut = '{"thought": "Done.", "answer": "It is'
    async with scripted(say(cut, reason="length")) as (model, _):
        chunks = await chunks_of(model, request(ADD))
    assert blocks_of(chunks)[1] == TextBlock("It is")
    assert chunks[-1].reason == "length"


@pytest.mark.parametrize("tools", [(), (ADD,)])
async def test_a_completion_without_an_end_is_an_error_and_never_a_call(scripted, say, tools):
    chunks = []
    async with scripted(say(CALL, reason=None)) as (model, _):
        with pytest.raises(StreamInterrupted) as caught:
            await chunks_into(chunks, model, request(*tools))
    assert not [chunk for chunk in chunks if isinstance(chunk, (ToolCallChunk, Finish))]
    assert caught.value.partial == CALL


async def test_a_model_that_does_not_stream_yields_whole_blocks(scripted, say):
    async with scripted(say(ANSWER), say(CALL), stream=False) as (model, _):
        answer = await chunks_of(model, request(ADD))
        call = await chunks_of(model, request(ADD))
    assert [type(chunk) for chunk in answer] == [ThinkingChunk, TextChunk, Finish]
    assert [type(chunk) for chunk in call] == [ThinkingChunk, ToolCallChunk, Finish]


async def test_options_of_a_request_override_those_of_the_model(scripted, say):
    async with scripted(say("Hi"), options={"temperature": 0.5, "seed": 1}) as (model, completer):
        await chunks_of(model, request(options={"temperature": 0.9}))
    body = completer.requests[0][0]
    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.9, 1, 1024)


@pytest.mark.parametrize("options", [{"temprature": 1}, {"n_ctx": 512}])
async def test_an_option_that_a_call_does_not_have_is_an_error(scripted, options):
    async with scripted() as (model, _):
        with pytest.raises(BadSetting):
            await chunks_of(model, request(options=options))


async def test_the_history_of_a_step_is_what_the_model_wrote(scripted, say):
    """Token by token the same, or llama.cpp's prefix cache is lost."""
    async with scripted(say(CALL), say(ANSWER)) as (model, completer):
        asked = request(ADD)
        reply = Msg("Friday", blocks_of(await chunks_of(model, asked)), "assistant")
        await chunks_of(model, ModelRequest([*asked.messages, reply, Msg("Ann", "So?")], (ADD,)))
    first, second = [body["messages"] for body, _ in completer.requests]
    assert second[: len(first)] == first
    assert second[len(first)]["content"] == CALL
