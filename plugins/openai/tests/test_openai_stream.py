"""Streams of all the shapes that compatible servers send, through a real socket."""

from trouplet.messages import TextBlock, ThinkingBlock
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, Usage

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def usage_chunk(usage=USAGE):
    return {"id": "chatcmpl-1", "choices": [], "usage": usage}


async def test_text_arrives_piece_by_piece_and_ends_with_one_finish(peer, model, ask, sse, delta):
    peer.answers(
        sse(
            delta(role="assistant", content=""),
            delta(content="He"),
            delta(content="llo"),
            delta("stop"),
            usage_chunk(),
            "[DONE]",
        )
    )
    chunks = await ask(model())
    assert [chunk.text for chunk in chunks[:-1]] == ["He", "llo"]
    finish = chunks[-1]
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.response_id, finish.model) == ("stop", "chatcmpl-1", "m-1")
    assert finish.usage == Usage(11, 7, cached_tokens=4, reasoning_tokens=3)


async def test_a_stream_without_usage_leaves_it_unknown(peer, model, ask, response, sse, delta):
    peer.answers(sse(delta(content="Hi"), delta("stop"), "[DONE]"))
    assert response(await ask(model())).usage == Usage.not_reported()


async def test_a_missing_done_after_a_finish_reason_is_a_whole_answer(peer, model, ask, response, sse, delta):
    peer.answers(sse(delta(content="Hi"), delta("stop"), usage_chunk()))
    answer = response(await ask(model()))
    assert answer.content == (TextBlock("Hi"),)
    assert answer.usage.input_tokens == 11


async def test_empty_choices_and_null_deltas_say_nothing(peer, model, ask, response, sse, delta):
    filtered = {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    nothing = {"id": "x", "choices": [{"index": 0, "delta": None, "finish_reason": None}]}
    without = {"id": "x", "choices": [{"index": 0}]}
    peer.answers(
        sse(
            filtered,
            {"choices": None},
            nothing,
            without,
            {"type": "ping"},
            "",
            delta(content="Hi"),
            delta("stop"),
            "[DONE]",
        )
    )
    assert response(await ask(model())).content == (TextBlock("Hi"),)


async def test_comments_and_odd_line_endings_are_no_trouble(peer, model, ask, response, sse, delta):
    stream = b": OPENROUTER PROCESSING\n\n" + sse(delta(content="Hi"), delta("stop"), " [DONE] ")
    peer.answers(stream.replace(b"\n", b"\r\n"))
    assert response(await ask(model())).content == (TextBlock("Hi"),)


async def test_reasoning_is_found_under_every_name(peer, model, ask, response, sse, delta):
    peer.answers(
        sse(
            delta(reasoning_content="a"),
            delta(reasoning="b"),
            delta(reasoning="c", reasoning_details=[{"type": "reasoning.text", "text": "c"}]),
            delta(reasoning_content="d", reasoning="d"),
            delta(reasoning_details=[{"type": "reasoning.summary", "summary": "e"}, {"type": "reasoning.encrypted"}]),
            delta(content="Hi", reasoning_content=None),
            delta("stop", content=""),
            "[DONE]",
        )
    )
    chunks = await ask(model())
    assert [type(chunk) for chunk in chunks] == [*[ThinkingChunk] * 5, TextChunk, Finish]
    assert response(chunks).content == (ThinkingBlock("abcde"), TextBlock("Hi"))


async def test_content_in_parts_is_read_as_text_and_reasoning(peer, model, ask, response, sse, delta):
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    peer.answers(sse(delta(content=thinking), delta(content=[{"type": "text", "text": "Hi"}]), delta("stop"), "[DONE]"))
    assert response(await ask(model())).content == (ThinkingBlock("hm"), TextBlock("Hi"))


async def test_a_refusal_is_text_and_is_marked(peer, model, ask, response, sse, delta):
    peer.answers(sse(delta(refusal="I "), delta(refusal="won't."), delta("stop"), "[DONE]"))
    answer = response(await ask(model()))
    assert answer.content == (TextBlock("I won't."),)
    assert answer.metadata["refusal"] is True


async def test_logprobs_are_collected(peer, model, ask, response, sse, delta):
    first, second = delta(content="He"), delta(content="y")
    first["choices"][0]["logprobs"] = {"content": [{"token": "He", "logprob": -0.1}]}
    second["choices"][0]["logprobs"] = {"content": [{"token": "y", "logprob": -0.2}]}
    peer.answers(sse(first, second, delta("stop"), "[DONE]"))
    answer = response(await ask(model(logprobs=True)))
    assert answer.content == (TextBlock("Hey"),)
    assert [entry["token"] for entry in answer.metadata["logprobs"]] == ["He", "y"]


async def test_the_finish_reasons_of_all_servers_are_understood(peer, model, ask, sse, delta):
    said = {"stop": "stop", "length": "length", "content_filter": "content_filter", "model_length": "length"}
    for word, meaning in {**said, "tool_calls": "stop", "insufficient_system_resource": "other"}.items():
        peer.answers(sse(delta(content="Hi"), delta(word), "[DONE]"))
        finish = (await ask(model()))[-1]
        assert finish.reason == meaning, word
    assert finish.metadata == {"finish_reason": "insufficient_system_resource"}


async def test_usage_is_found_where_moonshot_groq_and_deepseek_put_it(peer, model, ask, sse, delta):
    moonshot = delta("stop")
    moonshot["choices"][0]["usage"] = {"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 1}
    groq = {**delta("stop"), "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}}
    deepseek = {**delta("stop"), "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 1}}
    for last, cached in ((moonshot, 1), (groq, 0), (deepseek, 1)):
        peer.answers(sse(delta(content="Hi"), last, "[DONE]"))
        assert (await ask(model()))[-1].usage == Usage(5, 2, cached_tokens=cached)


async def test_reasoning_that_is_only_in_the_total_counts_as_output(peer, model, ask, sse, delta):
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 35,
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    peer.answers(sse(delta(content="Hi"), delta("stop"), usage_chunk(usage), "[DONE]"))
    assert (await ask(model()))[-1].usage == Usage(10, 25, reasoning_tokens=20)


async def test_usage_that_is_no_usage_is_unknown(peer, model, ask, sse, delta):
    for usage in ({}, "12", {"prompt_tokens": None}, {"prompt_tokens": "5"}):
        peer.answers(sse(delta(content="Hi"), delta("stop"), usage_chunk(usage), "[DONE]"))
        assert (await ask(model()))[-1].usage is None


async def test_what_the_provider_says_of_itself_is_kept(peer, model, ask, sse, delta):
    peer.answers(
        sse({**delta(content="Hi"), "system_fingerprint": "fp_1", "service_tier": "flex"}, delta("stop"), "[DONE]")
    )
    assert (await ask(model()))[-1].metadata == {"system_fingerprint": "fp_1", "service_tier": "flex"}


async def test_text_of_any_script_survives(peer, model, ask, response, sse, delta):
    text = "日本語 \u2028 \u0085 👩‍👩‍👧 \x00 é"
    peer.answers(sse(*[delta(content=letter) for letter in text], delta("stop"), "[DONE]"))
    assert response(await ask(model())).content == (TextBlock(text),)


async def test_the_connection_of_a_finished_stream_serves_the_next_call(peer, model, ask, answer, sse, delta):
    peer.answers(answer(sse(delta(content="Hi"), delta("stop"), "[DONE]"), end="keep"))
    one = model()
    for _ in range(3):
        await ask(one)
    assert peer.connections == 1
    assert len(peer.seen) == 3


async def test_a_server_that_stays_silent_after_done_does_not_hold_the_answer_up(
    peer, model, ask, response, answer, sse, delta
):
    peer.answers(answer(sse(delta(content="Hi"), delta("stop"), "[DONE]"), end="stall"))
    assert response(await ask(model())).content == (TextBlock("Hi"),)


async def test_closing_the_stream_early_lets_go_of_the_connection(peer, model, answer, sse, delta):
    from contextlib import aclosing

    from trouplet.messages import Msg
    from trouplet.model_io import ModelRequest

    peer.answers(answer(sse(delta(content="Hi")), end="stall"))
    one = model()
    async with aclosing(one.stream(ModelRequest([Msg("user", "Hello")]))) as chunks:
        assert (await anext(chunks)).text == "Hi"
    peer.answers(sse(delta(content="Again"), delta("stop"), "[DONE]"))
    async with aclosing(one.stream(ModelRequest([Msg("user", "Hello")]))) as chunks:
        assert (await anext(chunks)).text == "Again"
