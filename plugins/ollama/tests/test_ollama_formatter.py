"""Messages in Ollama's form."""

import base64

import pytest

from trouplet.errors import BadInput
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
from trouplet_http import MediaLoader
from trouplet_ollama import OllamaChatFormatter

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
TEXT = base64.b64encode(PNG).decode()
PICTURE = ImageBlock(Base64Source("image/png", TEXT))


async def form(*messages, formatter=None):
    return await (formatter or OllamaChatFormatter()).format(messages)


async def test_images_go_beside_the_text_as_plain_base64(tmp_path):
    path = tmp_path / "p.png"
    path.write_bytes(PNG)
    content = [PICTURE, TextBlock("What is"), ImageBlock(URLSource(str(path))), TextBlock("this?")]
    linked = ImageBlock(URLSource(f"data:image/png;base64,{TEXT}"))
    made = await form(Msg("Ann", [*content, linked]))
    assert made == [{"role": "user", "content": "What is\nthis?", "images": [TEXT, TEXT, TEXT]}]


async def test_an_image_alone_is_a_message():
    assert await form(Msg("Ann", PICTURE)) == [{"role": "user", "content": "", "images": [TEXT]}]


async def test_local_files_can_be_forbidden(tmp_path):
    formatter = OllamaChatFormatter(media=lambda: MediaLoader(local_files=False))
    with pytest.raises(BadInput, match="local file"):
        await form(Msg("Ann", ImageBlock(URLSource(str(tmp_path / "p.png")))), formatter=formatter)


async def test_what_no_model_takes_becomes_a_line_of_text():
    (made,) = await form(Msg("Ann", [TextBlock("Listen:"), AudioBlock(Base64Source("audio/wav", "UklGRg=="))]))
    assert "images" not in made
    assert "audio" in made["content"]


async def test_a_model_that_sees_nothing_is_told_of_the_image():
    blind = OllamaChatFormatter.for_model(ModelInfo("ollama", "m", frozenset(("tools",))))
    (made,) = await form(Msg("Ann", [TextBlock("Look:"), PICTURE]), formatter=blind)
    assert "images" not in made
    assert "image" in made["content"]


async def test_calls_keep_their_arguments_as_objects_and_results_name_the_tool_and_the_call():
    calls = [
        TextBlock("A moment."),
        ToolUseBlock("c1", "look", {"at": "a"}, '{"at": "a"}'),
        ToolUseBlock("c2", "look", {}, '{"at": '),
    ]
    results = [
        ToolResultBlock("c1", "look", (TextBlock("A cup."),)),
        ToolResultBlock("c2", "look", (TextBlock("The arguments are not valid JSON."),), "error"),
    ]
    made = await form(Msg("Friday", calls, "assistant"), Msg("Friday", results, "tool"))
    assert made == [
        {
            "role": "assistant",
            "content": "A moment.",
            "tool_calls": [
                {"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"at": "a"}}},
                {"id": "c2", "function": {"index": 1, "name": "look", "arguments": {}}},
            ],
        },
        {"role": "tool", "tool_name": "look", "tool_call_id": "c1", "content": "A cup."},
        {"role": "tool", "tool_name": "look", "tool_call_id": "c2", "content": "The arguments are not valid JSON."},
    ]


async def test_images_in_results_follow_after_all_of_them():
    results = [
        ToolResultBlock("c1", "photo", (PICTURE,)),
        ToolResultBlock("c2", "look", (TextBlock("A cup."),)),
    ]
    made = await form(Msg("Friday", results, "tool"))
    assert [message["role"] for message in made] == ["tool", "tool", "user"]
    assert made[2]["images"] == [TEXT]
    assert "photo" in made[2]["content"]


async def test_only_ollamas_own_reasoning_goes_back():
    own = Msg("Friday", [ThinkingBlock("Hm.", {"ollama": {}}), TextBlock("Yes.")], "assistant")
    foreign = Msg("Friday", [ThinkingBlock("So?", {"anthropic": {"signature": "s"}}), TextBlock("No.")], "assistant")
    assert await form(own, foreign) == [
        {"role": "assistant", "content": "Yes.", "thinking": "Hm."},
        {"role": "assistant", "content": "No."},
    ]


async def test_messages_without_content_are_not_sent():
    empty = [Msg("system", "", "system"), Msg("Ann", ""), Msg("Friday", [], "assistant")]
    alone = Msg("Friday", ThinkingBlock("Hm.", {"ollama": {}}), "assistant")
    assert await form(*empty, alone) == []
