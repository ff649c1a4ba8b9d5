"""What becomes of the answers."""

import json

import pytest

from trouplet.errors import InvalidResponse, ModelError, ProviderUnavailable, StreamInterrupted
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, TextChunk, Usage
from trouplet_gemini.answer_stream import plain_text

SIGNED = {"thoughtSignature": "c2ln"}
KEPT = {"gemini": {"thought_signature": "c2ln"}}
CALL = {"functionCall": {"name": "look", "args": {"at": "a"}, "id": "fc-1"}}


async def test_thoughts_are_kept_apart_and_marked_as_geminis(peer, model, ask, fold, said):
    peer.answers([
        said({"text": "Let ", "thought": True}),
        said({"text": "me see.", "thought": True}),
        said({"text": "4"}),
        said({"text": "2"}, finish="STOP"),
    ])  # fmt: skip
    response = fold(await ask(model()))
    assert response.content == (ThinkingBlock("Let me see.", {"gemini": {}}), TextBlock("42"))


async def test_an_answer_of_thoughts_alone_is_marked_too(peer, model, ask, fold, said):
    peer.answers([said({"text": "Hm.", "thought": True}), said(finish="MAX_TOKENS")])
    response = fold(await ask(model()))
    assert response.content == (ThinkingBlock("Hm.", {"gemini": {}}),)
    assert response.finish_reason == "length"


async def test_a_signature_stays_with_the_first_of_parallel_calls(peer, model, ask, fold, said):
    second = {"functionCall": {"name": "look", "args": {"at": "b"}, "id": "fc-2"}}
    peer.answers([said({**CALL, **SIGNED}), said(second, finish="STOP")])
    response = fold(await ask(model()))
    assert response.content == (
        ToolUseBlock("fc-1", "look", {"at": "a"}, '{"at": "a"}', KEPT),
        ToolUseBlock("fc-2", "look", {"at": "b"}, '{"at": "b"}'),
    )
    assert response.finish_reason == "tool_calls"


async def test_a_signature_on_an_empty_text_belongs_to_the_text_before_it(peer, model, ask, fold, said):
    peer.answers([said({"text": "Hi"}), said({"text": "", **SIGNED}, finish="STOP")])
    assert fold(await ask(model())).content == (TextBlock("Hi", KEPT),)


async def test_a_signature_on_an_empty_text_after_a_call_is_a_block_of_its_own(peer, model, ask, fold, said):
    peer.answers([said(CALL), said({"text": "", **SIGNED}, finish="STOP")])
    assert fold(await ask(model())).content[1:] == (TextBlock("", KEPT),)


async def test_calls_without_ids_or_with_one_that_was_there_get_fresh_ones(peer, model, ask, fold, said):
    nameless = {"functionCall": {"name": "look"}}
    peer.answers([said(CALL, CALL, nameless, nameless, finish="STOP")])
    calls = fold(await ask(model())).content
    assert calls[0].id == "fc-1"
    assert len({call.id for call in calls}) == 4
    assert [call.input for call in calls] == [{"at": "a"}, {"at": "a"}, {}, {}]


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"])
async def test_filters_are_told_with_their_own_word(peer, model, ask, fold, said, reason):
    peer.answers([said({"text": "Well"}), said(finish=reason)])
    response = fold(await ask(model()))
    assert response.finish_reason == "content_filter"
    assert response.metadata["finishReason"] == reason


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "OTHER", "NEVER_HEARD_OF"])
async def test_answers_that_went_wrong_say_how(peer, model, ask, fold, said, reason):
    end = said(finish=reason)
    end["candidates"][0]["finishMessage"] = "Malformed function call: look("
    peer.answers([end])
    response = fold(await ask(model()))
    assert response.finish_reason == "other"
    assert response.metadata == {"finishReason": reason, "finishMessage": "Malformed function call: look("}


async def test_a_prompt_that_was_blocked_is_a_filtered_answer_without_content(peer, model, ask, fold):
    blocked = {"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"promptTokenCount": 7}}
    peer.answers([blocked])
    response = fold(await ask(model()))
    assert (response.content, response.finish_reason) == ((), "content_filter")
    assert response.metadata["promptFeedback"] == {"blockReason": "OTHER"}
    assert response.usage == Usage(7, 0)


async def test_an_answer_that_can_be_continued_says_with_what(peer, model, ask, fold, said):
    end = said({"text": "Long"}, finish="CONTINUATION")
    end["candidates"][0]["continuationToken"] = "dG9rZW4="
    peer.answers([end])
    response = fold(await ask(model()))
    assert response.finish_reason == "length"
    assert response.metadata["continuationToken"] == "dG9rZW4="


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}, Usage(10, 5)),
        (
            {"promptTokenCount": 10, "cachedContentTokenCount": 8, "candidatesTokenCount": 5, "thoughtsTokenCount": 20,
             "toolUsePromptTokenCount": 3, "totalTokenCount": 38},
            Usage(13, 25, 8, 20),
        ),
        ({"promptTokenCount": 10, "thoughtsTokenCount": 20, "totalTokenCount": 30}, Usage(10, 20, 0, 20)),
        ({"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 2}, Usage(10, 7, 0, 2)),
        ({"totalTokenCount": 38}, Usage.not_reported()),
        ({"promptTokenCount": "10"}, Usage.not_reported()),
    ],
)  # fmt: skip
async def test_usage_is_what_the_last_object_tells(peer, model, ask, fold, said, told, usage):
    early = {"promptTokenCount": 10, "candidatesTokenCount": 1, "totalTokenCount": 11}
    peer.answers([said({"text": "Hi"}, usageMetadata=early), said(finish="STOP", usageMetadata=told)])
    assert fold(await ask(model())).usage == usage


async def test_the_count_so_far_is_never_taken_for_the_usage(peer, model, ask, fold, said):
    early = {"promptTokenCount": 10, "candidatesTokenCount": 1, "totalTokenCount": 11}
    peer.answers([said({"text": "Hi"}, usageMetadata=early), said({"text": " there"}, finish="STOP")])
    assert fold(await ask(model())).usage == Usage.not_reported()


async def test_an_image_is_a_block(peer, model, ask, fold, said):
    peer.answers([said({"text": "Here:"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}, finish="STOP")])
    one = model("gemini-3.1-flash-image", responseModalities=["TEXT", "IMAGE"])
    response = fold(await ask(one))
    assert peer.body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}
    assert response.content == (TextBlock("Here:"), ImageBlock(Base64Source("image/png", "aGk=")))


async def test_what_the_server_did_and_relies_on_is_in_the_metadata(peer, model, ask, fold, said):
    ran = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
    end = said({"text": "2"}, finish="STOP")
    end["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["1+1"]}
    peer.answers([said(ran), end])
    response = fold(await ask(model()))
    assert response.content == (TextBlock("2"),)
    assert response.metadata == {"parts": [ran], "groundingMetadata": {"webSearchQueries": ["1+1"]}}
    assert (response.response_id, response.model) == ("r-1", "m-1")


async def test_a_whole_answer_is_the_same_as_a_streamed_one(peer, model, ask, fold, said):
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    parts = [{"text": "Hm.", "thought": True}, {"text": "I look."}, {**CALL, **SIGNED}]
    peer.answers(said(*parts, finish="STOP", usageMetadata=usage))
    whole = fold(await ask(model(stream=False)))
    assert peer.requests[0].path == "/v1beta/models/gemini-3.1-pro-preview:generateContent"
    peer.answers([*[said(part) for part in parts], said(finish="STOP", usageMetadata=usage)])
    assert fold(await ask(model())) == whole
    assert peer.requests[1].path == "/v1beta/models/gemini-3.1-pro-preview:streamGenerateContent?alt=sse"


async def test_a_whole_answer_without_a_finish_reason_is_none(peer, model, ask, said):
    peer.answers(said({"text": "Hi"}))
    with pytest.raises(InvalidResponse, match="finishReason"):
        await ask(model(stream=False))


async def test_a_stream_that_ends_before_its_finish_reason_broke_off(peer, model, ask, said):
    peer.answers([said({"text": "Hel"}), said({"text": "lo"})])
    with pytest.raises(StreamInterrupted) as caught:
        await ask(model())
    assert caught.value.partial == "Hello"


async def test_an_error_in_the_middle_of_a_stream_is_typed_and_carries_the_text(peer, model, ask, said):
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    peer.answers([said({"text": "Hel"}), error])
    with pytest.raises(ProviderUnavailable, match="overloaded") as caught:
        await ask(model())
    assert caught.value.partial == "Hel"


@pytest.mark.parametrize("chunk", [
    [], "x", 7, {"candidates": 7}, {"candidates": [7]}, {"candidates": [{"content": 7}]},
    {"candidates": [{"content": {"parts": 7}}]}, {"candidates": [{"content": {"parts": ["x"]}}]},
    {"candidates": [{"content": {"parts": [{"functionCall": {"args": {}}}]}}]},
    {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "text/css", "data": ""}}]}}]},
])  # fmt: skip
async def test_nonsense_is_an_error_of_the_answer(peer, model, ask, said, chunk):
    peer.answers([said({"text": "Hi"}), chunk])
    with pytest.raises(ModelError) as caught:
        await ask(model())
    assert caught.value.partial == "Hi"


def test_plain_pieces_of_text_go_the_short_way_and_nothing_else_does(said):
    assert plain_text(said({"text": "Hi"}, usageMetadata={"promptTokenCount": 1})) == "Hi"
    for other in (
        said({"text": "Hi"}, finish="STOP"), said({"text": "Hi", "thought": True}), said({"text": "a"}, {"text": "b"}),
        said({"text": ""}), said(), {}, None, json.loads('{"candidates": [{"content": {"parts": [{"text": 7}]}}]}'),
    ):  # fmt: skip
        assert plain_text(other) is None


async def test_a_long_answer_arrives_piece_by_piece(peer, model, ask, said):
    peer.answers([*[said({"text": f"{number} "}) for number in range(200)], said(finish="STOP")])
    *texts, end = await ask(model(), messages=[Msg("user", "Count.")])
    assert [chunk.text for chunk in texts] == [f"{number} " for number in range(200)]
    assert {type(chunk) for chunk in texts} == {TextChunk}
    assert isinstance(end, Finish)
