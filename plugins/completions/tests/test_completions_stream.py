"""Streams of the shapes that compatible servers send; sound and broken ones in general are the contract's matter."""

import pytest

from trouplet.errors import StreamInterrupted
from trouplet.messages import TextBlock, ThinkingBlock
from trouplet.model_io import Usage
from trouplet.testing.fault_server import READ, STALL, event_stream, head

DONE = "[DONE]"
EVENTS = {"content-type": "text/event-stream"}


def with_usage(**usage):
    return {"id": "chatcmpl-1", "choices": [], "usage": usage}


async def test_a_stream_without_done_after_its_finish_reason_is_whole(streamed, delta):
    counted = with_usage(prompt_tokens=11, completion_tokens=7)
    answer = await streamed(delta(content="Hi"), delta("stop"), counted)
    assert answer.content == (TextBlock("Hi"),)
    assert answer.usage == Usage(11, 7)


@pytest.mark.parametrize("arguments", ['{"path": "/ho', '{"path": "/home"}'])
async def test_done_without_a_finish_reason_is_an_interruption_even_after_a_whole_call(
    acme, model, ask, sse, delta, arguments
):
    call = {"index": 0, "id": "a", "function": {"name": "rm", "arguments": arguments}}
    acme.answers(sse(delta(content="I'll clean up."), delta(tool_calls=[call]), DONE))
    with pytest.raises(StreamInterrupted, match=r"said \[DONE\] without a finish_reason") as caught:
        await ask(model())
    assert caught.value.partial == "I'll clean up."


@pytest.mark.parametrize("done", [True, False])
async def test_a_server_that_falls_silent_after_the_answer_does_not_spoil_it(acme, model, ask, fold, sse, delta, done):
    whole = sse(delta(content="Hi"), delta("stop"), *([DONE] if done else []))
    acme.answers((head(200, EVENTS) + whole, STALL))
    answer = fold(await ask(model(idle_timeout=0.2)))
    assert answer.content == (TextBlock("Hi"),)
    assert answer.usage == Usage.not_reported()


async def test_the_connection_of_a_finished_stream_serves_the_next_call(acme, model, ask):
    hi = '{"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}'
    acme.answers((event_stream(hi, DONE), READ))
    one = model()
    for _ in range(3):
        await ask(one)
    assert len(acme.server.requests) == 3
    assert len(acme.server.connections) == 1


async def test_empty_choices_and_null_deltas_say_nothing(streamed, delta):
    answer = await streamed(
        {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"choices": None},
        {"id": "x", "choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"id": "x", "choices": [{"index": 0}]},
        {"type": "ping"},
        "",
        delta(content="Hi"),
        delta("stop"),
        " [DONE] ",
    )
    assert answer.content == (TextBlock("Hi"),)


async def test_reasoning_is_found_under_every_name(streamed, delta):
    answer = await streamed(
        delta(reasoning_content="a"),
        delta(reasoning="b"),
        delta(reasoning="c", reasoning_details=[{"type": "reasoning.text", "text": "c"}]),
        delta(reasoning_content="d", reasoning="d"),
        delta(reasoning_details=[{"type": "reasoning.summary", "summary": "e"}, {"type": "reasoning.encrypted"}]),
        delta(content="Hi", reasoning_content=None),
        delta("stop", content=""),
        DONE,
    )
    assert answer.content == (ThinkingBlock("abcde"), TextBlock("Hi"))


async def test_content_in_parts_is_read_as_text_and_reasoning(streamed, delta):
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    answer = await streamed(
        delta(content=thinking), delta(content=[{"type": "text", "text": "Hi"}]), delta("stop"), DONE
    )
    assert answer.content == (ThinkingBlock("hm"), TextBlock("Hi"))


async def test_a_refusal_is_text_and_is_marked(streamed, delta):
    answer = await streamed(delta(refusal="I "), delta(refusal="won't."), delta("stop"), DONE)
    assert answer.content == (TextBlock("I won't."),)
    assert answer.metadata["refusal"] is True


async def test_logprobs_are_collected(streamed, delta):
    first, second = delta(content="He"), delta(content="y")
    first["choices"][0]["logprobs"] = {"content": [{"token": "He", "logprob": -0.1}]}
    second["choices"][0]["logprobs"] = {"content": [{"token": "y", "logprob": -0.2}]}
    answer = await streamed(first, second, delta("stop"), DONE, options={"logprobs": True})
    assert answer.content == (TextBlock("Hey"),)
    assert [entry["token"] for entry in answer.metadata["logprobs"]] == ["He", "y"]


@pytest.mark.parametrize(
    ("word", "meaning"), [("max_tokens", "length"), ("model_length", "length"), ("tool_calls", "stop")]
)
async def test_the_finish_reasons_of_other_servers_are_understood(streamed, delta, word, meaning):
    assert (await streamed(delta(content="Hi"), delta(word), DONE)).finish_reason == meaning


async def test_a_finish_reason_that_nobody_knows_is_kept(streamed, delta):
    answer = await streamed(delta(content="Hi"), delta("insufficient_system_resource"), DONE)
    assert answer.finish_reason == "other"
    assert answer.metadata == {"finish_reason": "insufficient_system_resource"}


async def test_usage_is_found_where_moonshot_groq_and_deepseek_put_it(streamed, delta):
    counted = {"prompt_tokens": 5, "completion_tokens": 2}
    moonshot = delta("stop")
    moonshot["choices"][0]["usage"] = {**counted, "cached_tokens": 1}
    groq = {**delta("stop"), "x_groq": {"usage": counted}}
    deepseek = {**delta("stop"), "usage": {**counted, "prompt_cache_hit_tokens": 1}}
    for last, cached in ((moonshot, 1), (groq, 0), (deepseek, 1)):
        assert (await streamed(delta(content="Hi"), last, DONE)).usage == Usage(5, 2, cached_tokens=cached)


async def test_what_was_written_to_the_cache_is_counted(streamed, delta):
    details = {"cached_tokens": 100, "cache_write_tokens": 20}
    usage = with_usage(prompt_tokens=130, completion_tokens=5, prompt_tokens_details=details)
    answer = await streamed(delta(content="Hi"), delta("stop"), usage, DONE)
    assert answer.usage == Usage(130, 5, cached_tokens=100, cache_write_tokens=20)


async def test_reasoning_that_is_only_in_the_total_counts_as_output(streamed, delta):
    details = {"reasoning_tokens": 20}
    usage = with_usage(prompt_tokens=10, completion_tokens=5, total_tokens=35, completion_tokens_details=details)
    answer = await streamed(delta(content="Hi"), delta("stop"), usage, DONE)
    assert answer.usage == Usage(10, 25, reasoning_tokens=20)


@pytest.mark.parametrize("usage", [{}, "12", {"prompt_tokens": None}, {"prompt_tokens": "5"}])
async def test_usage_that_is_no_usage_is_unknown(streamed, delta, usage):
    answer = await streamed(delta(content="Hi"), delta("stop"), {"choices": [], "usage": usage}, DONE)
    assert answer.usage == Usage.not_reported()


async def test_what_the_provider_says_of_itself_is_kept(streamed, delta):
    told = {**delta(content="Hi"), "system_fingerprint": "fp_1", "service_tier": "flex"}
    answer = await streamed(told, delta("stop"), DONE)
    assert answer.metadata == {"system_fingerprint": "fp_1", "service_tier": "flex"}
    assert (answer.response_id, answer.model) == ("chatcmpl-1", "m-1")
