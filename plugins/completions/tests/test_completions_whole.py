"""Answers that are not streamed: what is particular to one message with everything in it."""

import pytest

from trouplet.errors import ModelError
from trouplet.messages import AudioBlock, Base64Source, TextBlock


@pytest.fixture
def whole(acme, model, ask, fold):
    """Sends one message as a whole answer and returns the response."""

    async def send(message, finish="stop", *, stream=False, **options):
        acme.answers({"id": "c-2", "model": "m-2", "choices": [{"message": message, "finish_reason": finish}]})
        return fold(await ask(model(stream=stream, **options)))

    return send


async def test_calls_without_ids_are_calls_of_their_own(acme, whole):
    calls = [{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "f", "arguments": None}}]
    answer = await whole({"content": None, "tool_calls": calls})
    assert [block.name for block in answer.content] == ["f", "f"]
    assert len({block.id for block in answer.content}) == 2
    assert answer.finish_reason == "tool_calls"
    assert acme.bodies[0].keys() == {"model", "messages"}


async def test_the_old_function_call_is_a_call(whole):
    answer = await whole({"content": None, "function_call": {"name": "f", "arguments": "{}"}}, "function_call")
    assert answer.finish_reason == "tool_calls"
    assert answer.content[0].name == "f"


@pytest.mark.parametrize("reason", ["length", "content_filter", None, "error"])
async def test_a_truncated_answer_does_not_end_in_tool_calls(whole, reason):
    calls = [{"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}}]
    answer = await whole({"content": None, "tool_calls": calls}, reason)
    assert answer.finish_reason == (reason if reason in ("length", "content_filter") else "other")


async def test_logprobs_are_kept(acme, model, ask, fold):
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "Hi"}]}}
    acme.answers({"choices": [choice]})
    answer = fold(await ask(model(stream=False, logprobs=True)))
    assert answer.metadata == {"logprobs": [{"token": "Hi"}]}


async def test_a_spoken_answer_is_its_transcript_and_its_sound(acme, whole):
    message = {"content": None, "audio": {"id": "audio_1", "data": "UklGRg==", "transcript": "Hello", "expires_at": 1}}
    spoken = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}}
    answer = await whole(message, stream=True, **spoken)
    assert answer.content == (TextBlock("Hello"), AudioBlock(Base64Source("audio/mp3", "UklGRg==")))
    assert "stream" not in acme.bodies[0]  # streamed, the protocol has raw samples only


@pytest.mark.parametrize(
    "body", [{}, {"choices": []}, {"choices": "no"}, {"choices": [None]}, {"choices": [{"message": None}]}]
)
async def test_a_body_without_a_message_is_a_typed_error(acme, model, ask, body):
    acme.answers(body)
    with pytest.raises(ModelError):
        await ask(model(stream=False))
