"""What becomes of DeepSeek's answers, beyond the contract: as they were recorded."""

import json

import pytest

from trouplet.errors import RequestRejected
from trouplet.messages import TextBlock, ThinkingBlock

USAGE = {
    "prompt_tokens": 374,
    "completion_tokens": 61,
    "total_tokens": 435,
    "prompt_tokens_details": {"cached_tokens": 256},
    "completion_tokens_details": {"reasoning_tokens": 17},
    "prompt_cache_hit_tokens": 256,
    "prompt_cache_miss_tokens": 118,
}


def call(arguments="", **named):
    function = {"arguments": arguments, **({"name": named["name"]} if named else {})}
    return [{"index": 0, **({"id": named["id"], "type": "function"} if named else {}), "function": function}]


async def test_reasoning_and_a_call_in_pieces(peer, model, ask, fold, delta):
    peer.answers(
        [
            delta(role="assistant", reasoning_content=""),
            delta(reasoning_content="The user"),
            delta(reasoning_content=" asks."),
            delta(tool_calls=call(id="call_00_Ih", name="weather")),
            *[delta(tool_calls=call(piece)) for piece in ('{"', "location", '": "', "San", " Francisco", '"}')],
            delta("tool_calls", content="", usage=USAGE),
        ]
    )
    got = fold(await ask(model()))
    thinking, called = got.content
    assert thinking == ThinkingBlock("The user asks.")
    assert (called.id, called.name, called.input) == ("call_00_Ih", "weather", {"location": "San Francisco"})
    assert got.finish_reason == "tool_calls"
    usage = got.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens) == (374, 256, 61, 17)


async def test_the_whole_answer_is_the_same(peer, model, ask, fold):
    message = {"role": "assistant", "content": "Three.", "reasoning_content": "Count."}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    peer.answers({"id": "1", "object": "chat.completion", "choices": [choice], "usage": USAGE})
    got = fold(await ask(model(stream=False)))
    assert got.content == (ThinkingBlock("Count."), TextBlock("Three."))
    assert got.usage.cached_tokens == 256


@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_sent_while_a_request_waits_in_the_queue_is_skipped(peer, model, ask, fold, delta, stream):
    if stream:
        event = f"data: {json.dumps(delta('stop', content='Hi'))}\n\n"
        peer.answers(b": keep-alive\n\n" * 5 + event.encode() + b": keep-alive\n\ndata: [DONE]\n\n")
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        peer.answers(b"\n" * 50 + json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}).encode())
    assert fold(await ask(model(stream=stream))).content == (TextBlock("Hi"),)


async def test_an_answer_that_deepseek_could_not_finish_is_no_ordinary_one(peer, model, ask, fold, delta):
    peer.answers([delta(content="Well"), delta("insufficient_system_resource", content="")])
    got = fold(await ask(model()))
    assert got.finish_reason == "other"
    assert got.metadata["finish_reason"] == "insufficient_system_resource"


async def test_an_empty_account_is_not_asked_again(peer, model, ask):
    peer.answers({"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": None}}, status=402)
    with pytest.raises(RequestRejected, match="Insufficient Balance") as caught:
        await ask(model())
    assert not caught.value.retryable
