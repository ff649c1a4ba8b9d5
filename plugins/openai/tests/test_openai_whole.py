"""Answers that are not streamed give the same chunks, from one message."""

import json

import pytest

from trouplet.errors import ModelError, ProviderUnavailable
from trouplet.messages import AudioBlock, Base64Source, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import ToolSchema, Usage

TOOLS = [ToolSchema("f", "", {"type": "object", "properties": {}})]


@pytest.fixture
def whole(peer, model, ask, response, answer):
    """Sends one message as a whole answer and returns the response."""

    async def send(message, finish="stop", options=None, **fields):
        body = {
            "id": "chatcmpl-2",
            "model": "m-2",
            "choices": [{"message": message, "finish_reason": finish}],
            **fields,
        }
        peer.answers(answer(json.dumps(body).encode(), content_type="application/json"))
        return response(await ask(model(**{"stream": False} | (options or {})), tools=TOOLS))

    return send


async def test_a_whole_message_becomes_the_same_blocks(peer, whole):
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 1},
    }
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "f", "arguments": {"x": 2}}},
    ]
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "hm", "tool_calls": calls, "refusal": None}
    answer = await whole(message, "tool_calls", usage=usage, system_fingerprint="fp")
    assert answer.content == (
        ThinkingBlock("hm"),
        TextBlock("Hi"),
        ToolUseBlock("a", "f", {"x": 1}, '{"x":1}'),
        ToolUseBlock("b", "f", {"x": 2}, '{"x": 2}'),
    )
    assert (answer.finish_reason, answer.response_id, answer.model) == ("tool_calls", "chatcmpl-2", "m-2")
    assert answer.usage == Usage(3, 2, cached_tokens=1)
    assert answer.metadata == {"system_fingerprint": "fp"}
    assert "stream" not in peer.seen[0].body
    assert "stream_options" not in peer.seen[0].body


async def test_whole_calls_without_ids_are_calls_of_their_own(whole):
    calls = [{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "f", "arguments": None}}]
    answer = await whole({"content": None, "tool_calls": calls})
    assert [block.name for block in answer.content] == ["f", "f"]
    assert len({block.id for block in answer.content}) == 2
    assert answer.finish_reason == "tool_calls"


async def test_the_old_function_call_is_a_call_in_a_whole_answer_too(whole):
    answer = await whole({"content": None, "function_call": {"name": "f", "arguments": "{}"}}, "function_call")
    assert answer.finish_reason == "tool_calls"
    assert answer.content[0].name == "f"


@pytest.mark.parametrize("reason", ["length", "content_filter", None, "error"])
async def test_a_truncated_whole_answer_does_not_end_in_tool_calls(whole, reason):
    calls = [{"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}}]
    answer = await whole({"content": None, "tool_calls": calls}, reason)
    assert answer.finish_reason == (reason if reason in ("length", "content_filter") else "other")


async def test_an_empty_message_is_an_answer_without_content(whole):
    assert (await whole({"role": "assistant", "content": None})).content == ()


async def test_logprobs_of_a_whole_answer_are_kept(peer, model, ask, response, answer):
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "Hi"}]}}
    peer.answers(answer(json.dumps({"choices": [choice]}).encode(), content_type="application/json"))
    assert response(await ask(model(stream=False, logprobs=True))).metadata == {"logprobs": [{"token": "Hi"}]}


async def test_a_spoken_answer_is_its_transcript_and_its_sound(peer, whole):
    message = {"content": None, "audio": {"id": "audio_1", "data": "UklGRg==", "transcript": "Hello", "expires_at": 1}}
    options = {"stream": True, "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}}
    answer = await whole(message, options=options)
    assert answer.content == (TextBlock("Hello"), AudioBlock(Base64Source("audio/mp3", "UklGRg==")))
    assert "stream" not in peer.seen[0].body  # streamed, the protocol has raw samples only


async def test_an_error_in_place_of_an_answer_is_an_error(peer, model, ask, answer):
    peer.answers(answer(b'{"error": {"message": "Upstream died", "code": 502}}', content_type="application/json"))
    with pytest.raises(ModelError, match="Upstream died") as caught:
        await ask(model(stream=False))
    assert isinstance(caught.value, ProviderUnavailable)
