"""What becomes of Ollama's answers, beyond the contract."""

import json

import pytest

from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet.messages import TextBlock, ThinkingBlock
from trouplet.model_io import TextChunk


def call(name="look", arguments=None, **fields):
    return {"function": {"name": name, "arguments": arguments if arguments is not None else {}}, **fields}


@pytest.mark.parametrize("stream", [True, False])
async def test_thinking_is_marked_as_ollamas_own(peer, model, ask, fold, line, end, stream):
    whole = {**end, "message": {"role": "assistant", "thinking": "Hm. Well.", "content": "42"}}
    peer.answers([line(thinking="Hm. "), line(thinking="Well."), line(content="42"), end] if stream else whole)
    got = fold(await ask(model(stream=stream)))
    assert got.content == (ThinkingBlock("Hm. Well.", {"ollama": {}}), TextBlock("42"))


async def test_thinking_after_text_is_a_block_of_its_own(peer, model, ask, fold, line, end):
    peer.answers([line(thinking="a"), line(content="b"), line(thinking="c"), line(content="d"), end])
    got = fold(await ask(model()))
    assert [getattr(block, "text", None) or block.thinking for block in got.content] == ["a", "b", "c", "d"]


async def test_calls_get_ids_where_the_server_gives_none(peer, model, ask, fold, line, end):
    calls = [call(arguments={"at": "茶"}), call(arguments={"at": "b"}, id="call_1"), call(id="call_1")]
    peer.answers([line(tool_calls=calls[:1]), line(tool_calls=calls[1:]), end])
    got = fold(await ask(model()))
    assert got.finish_reason == "tool_calls"
    assert [dict(block.input) for block in got.content] == [{"at": "茶"}, {"at": "b"}, {}]
    assert got.content[0].raw_input == '{"at": "茶"}'
    ids = [block.id for block in got.content]
    assert ids[1] == "call_1"
    assert len(set(ids)) == 3


@pytest.mark.parametrize("arguments", ['{"at": "a\\ud83cb"}', '{"at": ' + "[" * 900 + "]" * 900 + "}", '{"at": NaN}'])
async def test_arguments_that_no_tool_should_see_are_no_arguments(peer, model, ask, fold, line, end, arguments):
    opening = json.dumps(line(tool_calls=[call(arguments="HERE")]))
    peer.answers((opening.replace('"HERE"', arguments) + "\n" + json.dumps(end) + "\n").encode())
    try:
        got = fold(await ask(model()))
    except InvalidResponse:
        return
    (block,) = got.content
    assert dict(block.input) == {} or "[" in arguments


async def test_a_call_without_a_name_is_no_answer(peer, model, ask, line, end):
    peer.answers([line(tool_calls=[{"function": {"arguments": {}}}]), end])
    with pytest.raises(InvalidResponse, match="no name"):
        await ask(model())


async def test_a_prompt_whose_tokens_are_not_told_makes_the_usage_unknown(peer, model, ask, fold, line):
    peer.answers([line(content="Hi"), line(done=True, done_reason="stop", eval_count=6)])
    usage = fold(await ask(model())).usage
    assert (usage.output_tokens, usage.unknown) == (6, 1)


async def test_cached_tokens_are_part_of_the_prompts(peer, model, ask, fold, line):
    counts = {"prompt_eval_count": 100, "prompt_eval_cached_count": 80, "eval_count": 6}
    peer.answers([line(content="Hi"), line(done=True, done_reason="stop", **counts)])
    usage = fold(await ask(model())).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.unknown) == (100, 80, 0)


async def test_durations_and_log_probabilities_are_kept_beside_the_answer(peer, model, ask, fold, line, end):
    tokens = [{"token": "H", "logprob": -0.1}, {"token": "i", "logprob": -0.2}]
    ending = {**end, "load_duration": 7, "remote_model": "big", "remote_host": "https://ollama.com"}
    peer.answers([line(content="H", logprobs=tokens[:1]), line(content="i", logprobs=tokens[1:]), ending])
    got = fold(await ask(model(logprobs=True)))
    assert got.metadata["logprobs"] == tokens
    assert (got.metadata["total_duration"], got.metadata["load_duration"]) == (1_000, 7)
    assert got.metadata["remote_model"] == "big"
    assert got.model == "m"


@pytest.mark.parametrize("reason", ["load", "unload"])
async def test_a_model_that_was_only_loaded_has_not_answered(peer, model, ask, fold, line, reason):
    peer.answers([line(done=True, done_reason=reason)])
    got = fold(await ask(model()))
    assert got.finish_reason == "other"
    assert got.metadata["done_reason"] == reason


async def test_a_server_that_gives_no_reason_has_finished(peer, model, ask, fold, line):
    peer.answers([line(content="Hi"), line(done=True)])
    assert fold(await ask(model())).finish_reason == "stop"


async def test_an_error_in_the_middle_carries_the_text_so_far(peer, model, ask, line):
    peer.answers([line(content="Hi "), {"error": "an error was encountered while running the model"}])
    with pytest.raises(ModelError, match="while running the model") as caught:
        await ask(model())
    assert caught.value.partial == "Hi "


async def test_half_a_line_at_the_end_is_an_interruption_and_before_it_garbage(peer, model, ask, line, end):
    half = json.dumps(line(content="Hi")) + '\n{"model": "m", "mess'
    peer.answers(half.encode())
    with pytest.raises(StreamInterrupted) as caught:
        await ask(model())
    assert caught.value.partial == "Hi"
    peer.answers((half + "\n" + json.dumps(end) + "\n").encode())
    with pytest.raises(InvalidResponse):
        await ask(model())


async def test_what_follows_the_end_is_not_read(peer, model, ask, fold, line, end):
    peer.answers([line(content="Hi"), end, {"error": "late"}, line(content="!")])
    assert fold(await ask(model())).content == (TextBlock("Hi"),)


async def test_plain_pieces_of_text_are_passed_on_as_they_are(peer, model, ask, line, end):
    peer.answers([line(content="a"), line(content="b"), line(content=""), line(content="c"), end])
    chunks = await ask(model())
    assert [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)] == ["a", "b", "c"]
