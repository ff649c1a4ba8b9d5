"""What becomes of the events of a stream."""

import pytest

from trouplet.errors import InvalidResponse, ProviderUnavailable, RateLimited, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import Usage

REDACTED = ({"type": "redacted_thinking", "data": "EmwKAhgB"},)


def signed(text, signature):
    return ThinkingBlock(text, {"anthropic": {"signature": signature}})


async def test_thinking_keeps_its_signature_and_interleaved_blocks_their_order(
    api, model, ask, fold, said, thought, called
):
    blocks = [thought("First. ", "sig-1"), "I look.", called("look", at="a"), thought("Then.", "sig-2"), "So."]
    api.answers(said(*blocks, stop="tool_use"))
    answer = fold(await ask(model()))
    assert answer.content == (
        signed("First. ", "sig-1"),
        TextBlock("I look."),
        ToolUseBlock("toolu_1", "look", {"at": "a"}, '{"at": "a"}'),
        signed("Then.", "sig-2"),
        TextBlock("So."),
    )


async def test_thinking_that_is_not_shown_is_kept_for_its_signature(api, model, ask, fold, said, thought):
    api.answers(said(thought("", "sig-1"), thought("", "sig-2"), "42"))
    answer = fold(await ask(model()))
    assert answer.content == (signed("", "sig-1"), signed("", "sig-2"), TextBlock("42"))


async def test_thinking_goes_back_as_it_came_redacted_and_all(api, model, ask, fold, said, thought, called):
    api.answers(said(thought("Hm.", "sig-1"), REDACTED, called("look"), stop="tool_use"), said("Done."))
    answer = fold(await ask(model()))
    result = ToolResultBlock("toolu_1", "look", (TextBlock("A cup."),))
    history = [Msg("Ann", "Look."), Msg("Friday", answer.content, "assistant"), Msg("Friday", result, "tool")]
    await ask(model(), messages=history)
    assert api.bodies[1]["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig-1"},
        {"type": "redacted_thinking", "data": "EmwKAhgB"},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
    ]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "other"),
    ],
)
async def test_every_reason_to_stop_has_a_meaning(api, model, ask, fold, said, told, reason):
    api.answers(said("Hi", stop=told))
    assert fold(await ask(model())).finish_reason == reason


async def test_a_refusal_says_why(api, model, ask, fold, said):
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    api.answers(said(stop="refusal", stop_details=details))
    answer = fold(await ask(model()))
    assert answer.content == ()
    assert answer.metadata["stop_details"] == details


async def test_a_stop_word_is_told(api, model, ask, fold, said):
    api.answers(said("Hi", stop="stop_sequence", stop_sequence="END"))
    assert fold(await ask(model())).metadata == {"stop_sequence": "END"}


async def test_input_counts_what_was_read_from_the_cache_and_written_to_it(api, model, ask, fold, said):
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 2000}
    usage |= {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}}
    api.answers(said("Hi", usage=usage))
    answer = fold(await ask(model()))
    assert answer.usage == Usage(2310, 50, cached_tokens=2000, reasoning_tokens=30, cache_write_tokens=300)


async def test_a_zero_at_the_end_does_not_undo_what_the_beginning_said(api, model, ask, fold, said):
    events = said("Hi")
    events[-2]["usage"] = {"input_tokens": 0, "output_tokens": 6}
    api.answers(events)
    assert fold(await ask(model())).usage == Usage(12, 6)


async def test_output_that_only_the_beginning_knew_is_not_known(api, model, ask, fold, said):
    events = said("Hi")
    del events[-2]["usage"]
    api.answers(events)
    assert fold(await ask(model())).usage.unknown == 1


async def test_the_end_of_the_blocks_is_not_the_end_of_the_answer(api, model, ask, said):
    api.answers(said("Hi")[:-1])
    with pytest.raises(StreamInterrupted, match="without a message_stop") as caught:
        await ask(model())
    assert caught.value.partial == "Hi"


@pytest.mark.parametrize(
    ("kind", "error"), [("overloaded_error", ProviderUnavailable), ("rate_limit_error", RateLimited)]
)
async def test_an_error_in_the_stream_is_typed_and_keeps_the_text(api, model, ask, said, kind, error):
    failure = {"type": "error", "error": {"type": kind, "message": "Not now"}, "request_id": "req_7"}
    api.answers([*said("Half")[:3], failure])
    with pytest.raises(error, match="Not now") as caught:
        await ask(model())
    assert caught.value.partial == "Half"
    assert caught.value.details["request_id"] == "req_7"


async def test_events_and_deltas_of_unknown_kinds_change_nothing(api, model, ask, fold, said):
    events = said(({"type": "text", "text": ""}, {"type": "text_delta", "text": "Hi"}, {"type": "smell_delta"}))
    api.answers([{"type": "ping"}, events[0], {"type": "aroma"}, *events[1:]])
    assert fold(await ask(model())).content == (TextBlock("Hi"),)


async def test_a_call_without_a_name_is_no_answer(api, model, ask, said):
    api.answers(said(({"type": "tool_use", "id": "toolu_1", "name": "", "input": {}},), stop="tool_use"))
    with pytest.raises(InvalidResponse, match="no name"):
        await ask(model())


async def test_what_an_answer_rests_on_is_kept(api, model, ask, fold, said):
    citation = {"type": "char_location", "cited_text": "Tea.", "document_index": 0}
    block = ({"type": "text", "text": ""}, {"type": "text_delta", "text": "Tea"})
    api.answers(said((*block, {"type": "citations_delta", "citation": citation})))
    assert fold(await ask(model())).metadata["citations"] == [citation]


async def test_a_whole_answer_gives_the_same_blocks(api, model, ask, fold):
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig-1"},
        {"type": "redacted_thinking", "data": "EmwKAhgB"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "茶"}},
    ]
    api.answers({"id": "msg_2", "model": "claude-x", "type": "message", "content": content, "stop_reason": "tool_use"})
    answer = fold(await ask(model(stream=False)))
    assert answer.content == (
        signed("Hm.", "sig-1"),
        ThinkingBlock("", {"anthropic": {"redacted": "EmwKAhgB"}}),
        TextBlock("I look."),
        ToolUseBlock("toolu_1", "look", {"at": "茶"}, '{"at": "茶"}'),
    )
    assert (answer.finish_reason, answer.response_id, answer.usage.unknown) == ("tool_calls", "msg_2", 1)
    assert "stream" not in api.body


async def test_an_overloaded_provider_is_one_that_may_be_asked_again(api, model, ask):
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    api.answers(body, status=529, headers={"request-id": "req_1", "retry-after": "7"})
    with pytest.raises(ProviderUnavailable, match="Overloaded") as caught:
        await ask(model())
    error = caught.value
    assert (error.status, error.retryable, error.retry_after) == (529, True, 7.0)
    assert error.details["request_id"] == "req_1"
