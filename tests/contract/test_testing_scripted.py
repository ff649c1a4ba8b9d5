"""The scripted model, and the models of the built-in plugin."""

import asyncio

import pytest

from trouplet.builtin import TestModelsPlugin
from trouplet.errors import BadSetting, ConnectionFailed, ScriptMismatch
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest, TextChunk, ToolCallChunk, Usage
from trouplet.response import ResponseBuilder
from trouplet.testing import EchoModel, PluginStand, ScriptedModel, Step, call


async def ask(model, text="Hello!"):
    return [chunk async for chunk in model.stream(ModelRequest([Msg("Ann", text)]))]


async def answer(model, text="Hello!"):
    builder = ResponseBuilder()
    for chunk in await ask(model, text):
        builder.add(chunk)
    return builder.response()


async def test_each_call_is_answered_by_the_next_step():
    model = ScriptedModel(["one", TextBlock("two", {"signed": 1})])
    assert (await answer(model)).content == (TextBlock("one"),)
    assert (await answer(model)).content == (TextBlock("two", {"signed": 1}),)
    model.assert_done()


async def test_an_answer_mixes_thinking_text_and_calls_with_ids_that_are_the_same_in_every_run():
    thought = ThinkingBlock("Let me add.", {"test": "signature"})
    model = ScriptedModel([[thought, "Adding.", call("add", a=1, b=2), call("look")], call("look")])
    response = await answer(model)
    assert response.finish_reason == "tool_calls"
    assert response.content == (
        thought,
        TextBlock("Adding."),
        ToolUseBlock("call_1", "add", {"a": 1, "b": 2}, '{"a": 1, "b": 2}'),
        ToolUseBlock("call_2", "look", {}, "{}"),
    )
    assert (await answer(model)).content == (ToolUseBlock("call_3", "look", {}, "{}"),)


async def test_arguments_can_be_any_text_and_ids_can_be_chosen():
    model = ScriptedModel([ToolUseBlock("mine", "add", {}, raw_input='{"a": ')])
    (block,) = (await answer(model)).content
    assert (block.id, block.input, block.raw_input) == ("mine", {}, '{"a": ')


async def test_text_and_arguments_come_in_pieces_of_the_chunk_size():
    model = ScriptedModel([["abcdefgh", call("add", a=1)]], chunk_size=3)
    chunks = await ask(model)
    assert [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)] == ["abc", "def", "gh"]
    assert [chunk.arguments for chunk in chunks if isinstance(chunk, ToolCallChunk)] == ['{"a', '": ', "1}"]


async def test_an_exception_is_raised_by_the_call_or_after_what_stands_before_it():
    model = ScriptedModel([ConnectionFailed("no route"), ["Hel", ConnectionFailed("cut")]])
    with pytest.raises(ConnectionFailed, match="no route"):
        await ask(model)
    stream = model.stream(ModelRequest([Msg("Ann", "Hello!")]))
    assert (await anext(stream)).text == "Hel"
    with pytest.raises(ConnectionFailed, match="cut"):
        await anext(stream)


@pytest.mark.parametrize("step", [[TextChunk("Hel")], Step("Hel", complete=False)])
async def test_a_stream_that_breaks_off_has_no_finish(step):
    chunks = await ask(ScriptedModel([step]))
    assert [type(chunk) for chunk in chunks] == [TextChunk]
    assert chunks[0].text == "Hel"


async def test_chunks_are_streamed_exactly_as_given():
    given = [TextChunk("a"), ToolCallChunk(7, "{}", "call_x", "look"), Finish("length", Usage(1, 2))]
    assert await ask(ScriptedModel([given])) == given


async def test_a_step_can_be_a_function_of_the_request_of_any_kind():
    async def streamed(request):
        yield TextChunk(request.messages[-1].text)
        yield Finish()

    async def later(request):
        return request.messages[-1].text

    model = ScriptedModel([lambda request: request.messages[-1].text, later, streamed])
    for text in ("one", "two", "three"):
        assert (await answer(model, text)).content == (TextBlock(text),)


async def test_a_streaming_step_is_closed_with_the_stream():
    closed = asyncio.Event()

    async def endless(request):
        try:
            while True:
                yield TextChunk("more ")
        finally:
            closed.set()

    stream = ScriptedModel([endless]).stream(ModelRequest([Msg("Ann", "Hello!")]))
    await anext(stream)
    await stream.aclose()
    assert closed.is_set()


async def test_usage_and_finish_reason_are_those_of_the_step_then_of_the_model_then_fixed_ones():
    model = ScriptedModel([Step("a", usage=Usage(1, 2), finish_reason="length"), "b"], usage=Usage(3, 4))
    first, second = await answer(model), await answer(model)
    assert (first.usage, first.finish_reason) == (Usage(1, 2), "length")
    assert (second.usage, second.finish_reason) == (Usage(3, 4), "stop")
    assert (await answer(ScriptedModel(["c"]))).usage == Usage(10, 5)


async def test_one_call_more_than_there_are_steps_is_a_mismatch_that_shows_the_last_message():
    model = ScriptedModel(["one"])
    await ask(model)
    with pytest.raises(ScriptMismatch, match=r"TP-610 .* has 1 step .*Ann.*: 'Once more'"):
        await ask(model, "Once more")
    with pytest.raises(ScriptMismatch, match="asked for one more"):
        model.assert_done()


async def test_a_mismatch_is_an_assertion_error():
    with pytest.raises(AssertionError):
        await ask(ScriptedModel())


async def test_steps_that_were_not_asked_for_are_a_mismatch_at_the_end():
    model = ScriptedModel(["one", "two", "three"])
    await ask(model)
    assert model.remaining == 2
    with pytest.raises(ScriptMismatch, match=r"2 steps of the script .* were not asked for"):
        model.assert_done()


async def test_a_with_block_checks_the_end_of_the_script_unless_something_else_went_wrong():
    with pytest.raises(ScriptMismatch), ScriptedModel(["never asked for"]):
        pass
    with pytest.raises(KeyError), ScriptedModel(["never asked for"]):
        raise KeyError


@pytest.mark.parametrize("expects", ["Good morning", lambda request: False])
async def test_a_request_that_is_not_the_expected_one_is_a_mismatch(expects):
    model = ScriptedModel([Step("one", expects=expects)])
    with pytest.raises(ScriptMismatch, match="call 1 of test:scripted is not the one"):
        await ask(model)


async def test_an_expectation_that_holds_or_only_asserts_lets_the_answer_through():
    model = ScriptedModel([Step("one", expects="Hell"), Step("two", expects=lambda request: None)])
    await ask(model)
    await ask(model)
    model.assert_done()


async def test_requests_are_recorded_as_they_were():
    history = [Msg("Ann", "one")]
    model = ScriptedModel(["a", "b"])
    for _ in range(2):
        async for _ in model.stream(ModelRequest(history, options={"seed": 1})):
            pass
        history.append(Msg("Ann", "two"))
    assert [len(request.messages) for request in model.requests] == [1, 2]
    assert model.requests[0].options == {"seed": 1}


async def test_steps_can_be_added_later():
    model = ScriptedModel()
    model.add("one", Step("two"))
    assert [(await answer(model)).content[0].text for _ in range(2)] == ["one", "two"]


async def test_what_is_no_step_is_refused_by_its_name():
    with pytest.raises(BadSetting, match="cannot answer with 42"):
        await ask(ScriptedModel([42]))


def plugin():
    return TestModelsPlugin(PluginStand("test"))


@pytest.mark.parametrize("name", ["", "echo"])
async def test_echo_repeats_the_last_user_message_in_a_few_pieces(name):
    model = plugin().create_model("test", name, {})
    chunks = await ask(model, "what can you do?")
    assert len(chunks) > 3
    response = await answer(model, "what can you do?")
    assert response.content == (TextBlock("You said: what can you do?"),)
    assert (response.usage.input_tokens, response.usage.output_tokens) == (12, 6)


async def test_echo_keeps_every_space_and_newline():
    said = "  two\n\nlines,  and   spaces " * 9
    assert (await answer(EchoModel(), said)).content == (TextBlock(f"You said: {said}"),)


async def test_echo_without_streaming_answers_in_one_piece():
    chunks = await ask(plugin().create_model("test", "echo", {"stream": False}), "a b c d e f g h i j k")
    assert [type(chunk) for chunk in chunks] == [TextChunk, Finish]


async def test_echo_answers_a_request_without_a_user():
    chunks = [chunk async for chunk in EchoModel().stream(ModelRequest([]))]
    assert "".join([chunk.text for chunk in chunks[:-1]]) == "You said nothing."


async def test_a_script_can_come_from_a_configuration():
    steps = ["Hello!", ["Adding.", {"tool": "add", "arguments": {"a": 1}}]]
    model = plugin().create_model("test", "scripted", {"steps": steps})
    assert (await answer(model)).content == (TextBlock("Hello!"),)
    assert [block.type for block in (await answer(model)).content] == ["text", "tool_use"]


@pytest.mark.parametrize("config", [{"steps": "Hello!"}, {"steps": ["a"], "chunk_size": "3"}])
def test_a_script_that_is_none_is_refused(config):
    with pytest.raises(BadSetting, match="no usable script"):
        plugin().create_model("test", "scripted", config)


def test_an_unknown_test_model_is_refused_and_another_provider_is_left_to_others():
    with pytest.raises(BadSetting, match="there is no test model 'eco'"):
        plugin().create_model("test", "eco", {})
    assert plugin().create_model("openai", "echo", {}) is None


def test_the_test_models_are_listed():
    assert [info.id for info in plugin().list_models()] == ["test:echo", "test:scripted"]
