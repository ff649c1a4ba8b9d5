"""Messages as contents, and contents in the order that the API accepts."""

from base64 import b64decode

import pytest

from trouplet.errors import BadInput, Unsupported
from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    URLSource,
    VideoBlock,
)
from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet_gemini import GeminiFormatter
from trouplet_gemini.formatter import UNSIGNED
from trouplet_gemini.turns import arranged

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
IMAGE = ImageBlock(Base64Source("image/png", PNG))
SOUND = AudioBlock(Base64Source("audio/wav", WAV))
KEPT = {"gemini": {"thought_signature": "c2ln"}}


@pytest.fixture
def one():
    """Formats one message with the formatter of a current model, or of another one."""

    async def format(msg, model="gemini-3.8-flash"):
        return await GeminiFormatter.for_model(ModelInfo("gemini", model, CAPABILITIES)).format([msg])

    return format


async def test_every_role_has_its_place(one):
    assert await one(Msg("system", "Be kind.", "system")) == [{"role": "system", "parts": [{"text": "Be kind."}]}]
    assert await one(Msg("Ann", "Hi")) == [{"role": "user", "parts": [{"text": "Hi"}]}]
    assert await one(Msg("Friday", "Hello", "assistant")) == [{"role": "model", "parts": [{"text": "Hello"}]}]


@pytest.mark.parametrize("content", ["", [TextBlock(" \n"), TextBlock("")], [ThinkingBlock("", {"gemini": {}})]])
async def test_empty_messages_are_not_sent(one, content):
    assert await one(Msg("Friday", content, "assistant")) == []


async def test_signatures_go_back_where_they_came_from(one):
    blocks = [
        ThinkingBlock("Hm.", {"gemini": {}}),
        TextBlock("I look.", KEPT),
        ToolUseBlock("fc-1", "look", {"at": "a"}, '{"at": "a"}', {"gemini": {"thought_signature": "Y2FsbA=="}}),
        ToolUseBlock("fc-2", "look", {"at": "b"}, '{"at": "b"}'),
        TextBlock("", KEPT),
    ]
    (content,) = await one(Msg("Friday", blocks, "assistant"))
    assert content["parts"] == [
        {"text": "Hm.", "thought": True},
        {"text": "I look.", "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "look", "args": {"at": "a"}, "id": "fc-1"}, "thoughtSignature": "Y2FsbA=="},
        {"functionCall": {"name": "look", "args": {"at": "b"}, "id": "fc-2"}},
        {"text": "", "thoughtSignature": "c2ln"},
    ]


async def test_the_first_call_of_another_provider_gets_the_signature_that_google_documents(one):
    calls = Msg("Friday", [ToolUseBlock("call_1", "look", {}), ToolUseBlock("call_2", "look", {})], "assistant")
    (content,) = await one(calls)
    assert [part.get("thoughtSignature") for part in content["parts"]] == [UNSIGNED, None]
    (content,) = await one(calls, "gemini-2.5-flash")
    assert [part.get("thoughtSignature") for part in content["parts"]] == [None, None]


async def test_ids_that_the_model_did_not_give_are_not_sent(one):
    (called,) = await one(Msg("Friday", ToolUseBlock("gemini_0", "look", {}), "assistant"))
    (answered,) = await one(Msg("Friday", ToolResultBlock("gemini_0", "look", (TextBlock("A cup."),)), "tool"))
    assert called["parts"][0]["functionCall"] == {"name": "look", "args": {}}
    assert answered["parts"][0]["functionResponse"] == {"name": "look", "response": {"output": "A cup."}}


@pytest.mark.parametrize("status", ["error", "interrupted", "not_started", "denied"])
async def test_a_call_that_came_to_nothing_is_answered_with_an_error(one, status):
    (content,) = await one(Msg("Friday", ToolResultBlock("c1", "look", (TextBlock("No."),), status), "tool"))
    assert content["parts"][0]["functionResponse"]["response"] == {"error": "No."}


async def test_a_schema_in_a_result_stays_text(one):
    result = ToolResultBlock("c1", "describe", (TextBlock('{"$ref": "#/$defs/Thing"}'),))
    (content,) = await one(Msg("Friday", result, "tool"))
    assert content["parts"][0]["functionResponse"]["response"] == {"output": '{"$ref": "#/$defs/Thing"}'}


async def test_current_models_see_images_inside_of_results_and_hear_sound_after_all_of_them(one):
    results = [
        ToolResultBlock("c1", "look", (TextBlock("Here:"), IMAGE, SOUND)),
        ToolResultBlock("c2", "look", (TextBlock("Nothing."),)),
    ]
    answers, after = await one(Msg("Friday", results, "tool"))
    first, second = [part["functionResponse"] for part in answers["parts"]]
    assert first["parts"] == [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    assert "parts" not in second
    assert after == {
        "role": "user",
        "parts": [
            {"text": "The audio that look returned:"},
            {"inlineData": {"mimeType": "audio/wav", "data": WAV}},
        ],
    }


async def test_older_models_see_them_after_all_results(one):
    results = [ToolResultBlock("c1", "look", (IMAGE,)), ToolResultBlock("c2", "look", (TextBlock("Nothing."),))]
    answers, after = await one(Msg("Friday", results, "tool"), "gemini-2.5-pro")
    assert ["parts" in part["functionResponse"] for part in answers["parts"]] == [False, False]
    assert after["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": PNG}}


async def test_an_image_that_the_model_made_goes_back_to_it(one):
    (content,) = await one(Msg("Friday", [TextBlock("Here:"), IMAGE], "assistant"))
    assert content["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": PNG}}


@pytest.mark.parametrize(
    ("block", "file"),
    [
        (ImageBlock(URLSource("https://example.com/a.png?x=1")),
         {"fileUri": "https://example.com/a.png?x=1", "mimeType": "image/png"}),
        (ImageBlock(URLSource("https://example.com/a", "image/webp")),
         {"fileUri": "https://example.com/a", "mimeType": "image/webp"}),
        (VideoBlock(URLSource("https://www.youtube.com/watch?v=abc")),
         {"fileUri": "https://www.youtube.com/watch?v=abc"}),
        (AudioBlock(URLSource("https://generativelanguage.googleapis.com/v1beta/files/abc", "audio/wav")),
         {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc", "mimeType": "audio/wav"}),
    ],
)  # fmt: skip
async def test_addresses_that_google_fetches_are_left_to_it(one, block, file):
    assert (await one(Msg("Ann", block)))[0]["parts"] == [{"fileData": file}]


async def test_every_other_address_is_loaded_here(one, tmp_path):
    path = tmp_path / "sound"
    path.write_bytes(b64decode(WAV))
    (content,) = await one(Msg("Ann", AudioBlock(URLSource(str(path)))))
    assert content["parts"] == [{"inlineData": {"mimeType": "audio/wav", "data": WAV}}]
    with pytest.raises(BadInput):
        await one(Msg("Ann", ImageBlock(URLSource("gs://bucket/a.png"))))
    with pytest.raises(BadInput):
        await one(Msg("Ann", ImageBlock(URLSource("http://127.0.0.1:9/a.png"))))


async def test_a_type_that_the_api_refuses_is_refused_here(one):
    with pytest.raises(Unsupported, match=r"image/gif.*image/png"):
        await one(Msg("Ann", ImageBlock(Base64Source("image/gif", GIF))))


def said(role, *texts):
    return {"role": role, "parts": [{"text": text} for text in texts]}


def called(*names):
    return {"role": "model", "parts": [{"functionCall": {"name": name, "id": f"c-{name}"}} for name in names]}


def answered(*names):
    return {"role": "user", "parts": [{"functionResponse": {"name": name, "id": f"c-{name}"}} for name in names]}


def test_neighbours_of_one_role_become_one_content_and_what_they_were_stays():
    contents = [said("user", "a"), said("user", "b"), said("user", "c"), said("model", "d"), said("model", "e")]
    before = [content["parts"].copy() for content in contents]
    assert arranged(contents) == [said("user", "a", "b", "c"), said("model", "d", "e")]
    assert [content["parts"] for content in contents] == before


def test_function_responses_stand_alone():
    contents = [said("user", "a"), called("x"), answered("x"), said("user", "seen"), said("user", "b")]
    assert arranged(contents) == [said("user", "a"), called("x"), answered("x"), said("user", "seen", "b")]


def test_function_responses_are_in_the_order_of_their_calls():
    contents = [said("user", "a"), called("x", "y", "z"), answered("z"), answered("x", "y")]
    assert arranged(contents)[2] == answered("x", "y", "z")


def test_responses_without_ids_are_told_apart_by_their_names():
    calls = {"role": "model", "parts": [{"functionCall": {"name": name}} for name in ("x", "y", "x")]}
    answers = [{"functionResponse": {"name": name, "response": number}} for number, name in enumerate("yxx")]
    (_, _, sent) = arranged([said("user", "a"), calls, {"role": "user", "parts": answers}])
    assert [part["functionResponse"]["response"] for part in sent["parts"]] == [1, 0, 2]


def test_a_conversation_begins_with_the_user():
    assert [content["role"] for content in arranged([said("model", "Hello")])] == ["user", "model"]
    assert [content["role"] for content in arranged([said("system", "Be kind.")])] == ["user"]
