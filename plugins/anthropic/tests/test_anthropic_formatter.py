"""Messages in the form of the Messages API."""

import json
from base64 import b64decode

import pytest

from trouplet.codec import dump_msg, load_msg
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
)
from trouplet.model_io import ModelInfo
from trouplet.testing.request_rules import violations
from trouplet_anthropic import AnthropicFormatter, document

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
BMP = "Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAATCwAAEwsAAAAAAAAAAAAA////AA=="
IMAGE = ImageBlock(Base64Source("image/png", PNG))
PNG_WIRE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


async def content(*blocks, role="user"):
    """The wire content of one message with these blocks."""
    made = await AnthropicFormatter().format([Msg("Ann", blocks, role)])
    return made[0]["content"] if made else []


async def test_images_go_by_address_where_there_is_one_and_as_data_otherwise(tmp_path):
    path = tmp_path / "cup.png"
    path.write_bytes(b64decode(PNG))
    url = "https://example.com/cup.png"
    sent = await content(ImageBlock(URLSource(url)), IMAGE, ImageBlock(URLSource(str(path))))
    assert sent == [{"type": "image", "source": {"type": "url", "url": url}}, PNG_WIRE, PNG_WIRE]


async def test_an_image_that_claude_does_not_take_is_refused_before_it_is_sent():
    with pytest.raises(Unsupported, match="JPEG, PNG, GIF and WebP"):
        await content(ImageBlock(Base64Source("image/bmp", BMP)))


async def test_images_in_the_result_of_a_tool_stay_in_it():
    output = (TextBlock("A picture:"), IMAGE)
    (result,) = await content(ToolResultBlock("c1", "look", output), role="tool")
    assert result["content"] == [{"type": "text", "text": "A picture:"}, PNG_WIRE]


async def test_sound_is_told_of_in_words():
    (told,) = await content(AudioBlock(Base64Source("audio/wav", "UklGRg==")))
    assert told["type"] == "text"
    assert "audio" in told["text"]


async def test_a_model_that_does_not_see_gets_no_image():
    formatter = AnthropicFormatter()
    formatter.fit(ModelInfo("anthropic", "m", frozenset({"tools"})))
    (message,) = await formatter.format([Msg("Ann", IMAGE)])
    assert message["content"][0]["type"] == "text"


@pytest.mark.parametrize("output", [(), (TextBlock(""),), (TextBlock(" \n"),)])
@pytest.mark.parametrize("status", ["error", "interrupted", "denied", "not_started"])
async def test_a_failed_call_is_an_error_with_a_word_about_it(status, output):
    (result,) = await content(ToolResultBlock("c1", "look", output, status), role="tool")
    assert result["is_error"] is True
    assert [block["text"].strip() != "" for block in result["content"]] == [True]


async def test_ids_that_the_api_refuses_become_others_for_the_call_and_its_result():
    history = [
        Msg("Ann", "Look."),
        Msg("F", [ToolUseBlock("call:0|1", "look", {}), ToolUseBlock("toolu_1", "look", {})], "assistant"),
        Msg("F", [ToolResultBlock("call:0|1", "look", ()), ToolResultBlock("toolu_1", "look", ())], "tool"),
    ]
    _, called, answered = await AnthropicFormatter().format(history)
    ids = [block["id"] for block in called["content"]]
    assert ids == [block["tool_use_id"] for block in answered["content"]]
    assert ids[0].startswith("toolu_")
    assert ids[1] == "toolu_1"
    again = await AnthropicFormatter().format(history)
    assert again[1] == called


async def test_a_tool_that_never_was_has_a_name_that_the_api_takes():
    (call,) = await content(ToolUseBlock("c1", "functions.look up", {}), role="assistant")
    assert call["name"] == "functions_look_up"


async def test_reasoning_of_others_and_reasoning_that_led_to_nothing_are_not_sent():
    own = ThinkingBlock("Mine.", {"anthropic": {"signature": "s"}})
    foreign = [ThinkingBlock("Hm."), ThinkingBlock("Hm.", {"gemini": {"signature": "g"}})]
    sent = await content(*foreign, own, TextBlock("Yes."), own, role="assistant")
    assert sent == [
        {"type": "thinking", "thinking": "Mine.", "signature": "s"},
        {"type": "text", "text": "Yes."},
    ]
    assert await content(own, role="assistant") == []


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
async def test_blank_messages_are_not_sent(role):
    assert await content(TextBlock(""), TextBlock(" \n"), role=role) == []


async def test_a_document_is_read_by_claude_and_named_to_others():
    block = document(b"%PDF-1.7 ...", title="Report", context="Of May", citations=True)
    (sent,) = await content(block)
    assert sent == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjcgLi4u"},
        "title": "Report",
        "context": "Of May",
        "citations": {"enabled": True},
    }
    assert block.text == "(Document: Report)"


async def test_a_document_may_be_text_or_have_an_address_and_survives_storage():
    blocks = [document("https://example.com/a.pdf"), document("Tea is green.", title="Tea")]
    stored = load_msg(json.loads(json.dumps(dump_msg(Msg("Ann", blocks)))))
    sent = await content(*stored.content)
    assert [block["source"]["type"] for block in sent] == ["url", "text"]
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": sent}]}
    assert violations("anthropic", body) == []


@pytest.mark.parametrize("role", ["assistant", "system"])
async def test_documents_and_images_are_the_users_alone(role):
    sent = await content(document("Tea is green.", title="Tea"), IMAGE, role=role)
    assert sent == [{"type": "text", "text": "(Document: Tea)"}]


def test_bytes_that_are_no_pdf_are_no_document():
    with pytest.raises(BadInput, match="no PDF"):
        document(b"PK\x03\x04")
