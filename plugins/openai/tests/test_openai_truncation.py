"""Answers that end too early: whatever had arrived is in the error, and no call is ever complete."""

from contextlib import aclosing

import pytest

from trouplet.errors import ConnectionFailed, DeadlineExceeded, ModelError, ProviderUnavailable, StreamInterrupted
from trouplet.messages import Msg, TextBlock
from trouplet.model_io import Finish, ModelRequest, ToolSchema
from trouplet.response import ResponseBuilder

TOOLS = [ToolSchema("rm", "Remove a file.", {"type": "object", "properties": {"path": {"type": "string"}}})]


def call(arguments, index=0, **first):
    return {"index": index, "function": {"arguments": arguments, **first.pop("function", {})}, **first}


@pytest.fixture
def recorded(sse, delta):
    """A short stream with text, reasoning, two interleaved calls and usage."""
    return sse(
        delta(role="assistant", content=""),
        delta(reasoning_content="hm"),
        delta(content="Déjà "),
        delta(content="vu"),
        delta(tool_calls=[call("", 0, id="a", function={"name": "rm"})]),
        delta(tool_calls=[call('{"path":"x"}', 0)]),
        delta(tool_calls=[call('{"path":', 1, id="b", function={"name": "rm"})]),
        delta(tool_calls=[call('"y"}', 1)]),
        delta("tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        "[DONE]",
    )


def expected(recorded, cut):
    """What a cut leaves: the text of the whole events, and whether they hold the finish_reason."""
    events = recorded[:cut].split(b"\n\n")[:-1]
    text = "Déjà " if len(events) > 2 else ""
    return text + ("vu" if len(events) > 3 else ""), len(events) > 8, len(events) > 9


async def broken(model, **fields):
    """Ask, and return the error with the chunks that came before it; None for an answer that was complete."""
    chunks, builder = [], ResponseBuilder()
    async with aclosing(model.stream(ModelRequest([Msg("user", "Hello")], tools=TOOLS, **fields))) as stream:
        try:
            async for chunk in stream:
                chunks.append(chunk)
                builder.add(chunk)
        except ModelError as caught:
            error = caught
        else:
            return None, builder
    assert not any(isinstance(chunk, Finish) for chunk in chunks)
    assert builder.text == error.partial
    return error, builder


async def test_a_cut_at_every_byte_is_an_interruption_with_the_text_so_far(peer, model, recorded):
    one = model()
    for cut in range(len(recorded) + 1):
        peer.answers(recorded[:cut])
        error, builder = await broken(one)
        text, finished, measured = expected(recorded, cut)
        if finished:
            assert error is None, cut
            assert builder.finish.reason == "tool_calls"
            assert (builder.finish.usage is not None) == measured
        else:
            assert type(error) is StreamInterrupted, cut
            assert error.partial == text
            assert not error.retryable


@pytest.mark.parametrize("end", ["chunked", "reset"])
async def test_a_connection_that_breaks_is_an_interruption(peer, model, answer, recorded, end):
    one = model()
    for cut in range(1, len(recorded), 29):
        if end == "reset":
            peer.answers(answer(recorded[:cut], end="reset"))
        else:  # a chunked body without its end
            body = b"%x\r\n%s\r\n" % (cut, recorded[:cut])
            peer.answers(answer(body, headers={"Transfer-Encoding": "chunked"}))
        error, _ = await broken(one)
        text, finished, _ = expected(recorded, cut)
        if error is None:
            assert finished
            continue
        assert isinstance(error, (StreamInterrupted, ConnectionFailed)), cut
        assert text.startswith(error.partial)
        assert end == "reset" or error.partial == text  # a reset may overtake what was sent before it


@pytest.mark.battery
@pytest.mark.parametrize("end", ["reset", "stall"])
async def test_every_other_end_at_every_byte_is_an_interruption_too(peer, model, answer, recorded, end):
    one = model(idle_timeout=0.05)
    for cut in range(len(recorded) + 1):
        peer.answers(answer(recorded[:cut], end=end))
        error, _ = await broken(one)
        text, finished, _ = expected(recorded, cut)
        assert error is not None or finished, cut
        if error is not None:
            assert isinstance(error, (StreamInterrupted, ConnectionFailed, DeadlineExceeded)), cut
            assert text.startswith(error.partial)


async def test_a_stream_that_stands_still_is_given_up_with_the_text_so_far(peer, model, answer, sse, delta):
    peer.answers(answer(sse(delta(role="assistant", content=""), delta(content="Once upon")), end="stall"))
    error, _ = await broken(model(idle_timeout=0.2))
    assert isinstance(error, DeadlineExceeded)
    assert error.partial == "Once upon"


async def test_a_stream_that_stands_still_after_its_finish_reason_is_complete(peer, model, answer, sse, delta):
    peer.answers(answer(sse(delta(content="Hi"), delta("stop")), end="stall"))
    error, builder = await broken(model(idle_timeout=0.2))
    assert error is None
    assert builder.response().usage.unknown == 1


@pytest.mark.parametrize("arguments", ['{"path": "/ho', '{"path": "/home"}', ""])
@pytest.mark.parametrize("done", [True, False])
async def test_a_stream_that_ends_inside_of_a_call_is_an_interruption(peer, model, sse, delta, arguments, done):
    opening = delta(tool_calls=[call(arguments, 0, id="a", function={"name": "rm"})])
    peer.answers(sse(delta(content="I'll clean up."), opening, *(["[DONE]"] if done else [])))
    error, builder = await broken(model())
    assert type(error) is StreamInterrupted
    assert error.partial == "I'll clean up."
    assert builder.blocks(calls=False) == (TextBlock("I'll clean up."),)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
@pytest.mark.parametrize("arguments", ['{"path": "/ho', '{"path": "/home"}'])
async def test_a_call_that_was_cut_off_by_the_provider_does_not_end_in_tool_calls(
    peer, model, sse, delta, reason, arguments
):
    opening = delta(tool_calls=[call(arguments, 0, id="a", function={"name": "rm"})])
    peer.answers(sse(opening, delta(reason), "[DONE]"))
    error, builder = await broken(model())
    assert error is None
    assert builder.finish.reason == reason


async def test_an_error_after_the_call_is_an_error(peer, model, sse, delta):
    opening = delta(tool_calls=[call('{"path": "/home"}', 0, id="a", function={"name": "rm"})])
    failure = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    peer.answers(sse(delta(content="Well"), opening, failure))
    error, _ = await broken(model())
    assert type(error) is ProviderUnavailable
    assert error.partial == "Well"
    assert "The server had an error" in str(error)


async def test_the_text_so_far_had_already_been_given_out(peer, model, sse, delta):
    peer.answers(sse(delta(content="a"), delta(content="b")))
    error, builder = await broken(model())
    assert error.partial == builder.text == "ab"
