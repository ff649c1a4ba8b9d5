"""Messages in the form of text and multimodal generation."""

from base64 import b64decode

import pytest

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
from trouplet.model_io import ModelInfo
from trouplet_dashscope import DashScopeChatFormatter

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="


@pytest.fixture
def form():
    async def format(*content, role="user"):
        return await DashScopeChatFormatter().format([Msg("Ann", list(content), role)])

    return format


async def test_texts_collapse_to_one_string(form):
    assert await form(TextBlock("a"), TextBlock("b")) == [{"role": "user", "content": "a\nb"}]


async def test_media_stand_among_the_text_each_under_its_own_name(form, tmp_path):
    path = tmp_path / "pixel.png"
    path.write_bytes(b64decode(PIXEL))
    url = "https://example.com/clip.mp4"
    (made,) = await form(
        TextBlock("Look:"),
        ImageBlock(URLSource(str(path))),
        TextBlock("and"),
        VideoBlock(URLSource(url)),
        AudioBlock(Base64Source("audio/wav", WAV)),
    )
    assert made["content"] == [
        {"text": "Look:"},
        {"image": f"data:image/png;base64,{PIXEL}"},
        {"text": "and"},
        {"video": url},
        {"audio": f"data:audio/wav;base64,{WAV}"},
    ]


async def test_own_reasoning_goes_back_and_that_of_others_does_not(form):
    own, foreign = ThinkingBlock("Mine.", {"dashscope": {}}), ThinkingBlock("Theirs.", {"anthropic": {}})
    (made,) = await form(own, foreign, TextBlock("Hi."), role="assistant")
    assert made == {"role": "assistant", "content": "Hi.", "reasoning_content": "Mine."}
    assert await form(own, role="assistant") == []


async def test_media_of_parallel_results_follow_after_all_of_them(form):
    picture = ImageBlock(Base64Source("image/png", PIXEL))
    one = ToolResultBlock("c1", "look", (TextBlock("Seen."), picture))
    two = ToolResultBlock("c2", "brew", (TextBlock("Done."),))
    first, second, shown = await form(one, two, role="tool")
    assert (first["tool_call_id"], second["tool_call_id"]) == ("c1", "c2")
    assert first["content"].startswith("Seen.")
    assert shown["role"] == "user"
    assert [list(part) for part in shown["content"]] == [["text"], ["image"]]


async def test_calls_keep_the_text_that_the_model_wrote(form):
    calls = [ToolUseBlock("c1", "a", {"x": 1}, '{"x":  1}'), ToolUseBlock("c2", "b", {}, '{"cut')]
    (made,) = await form(*calls, role="assistant")
    assert made["content"] == ""
    assert [call["function"]["arguments"] for call in made["tool_calls"]] == ['{"x":  1}', "{}"]


async def test_a_model_without_eyes_is_told_that_there_is_an_image():
    formatter = DashScopeChatFormatter.for_model(ModelInfo("dashscope", "m", frozenset({"tools"})))
    (made,) = await formatter.format([Msg("Ann", [ImageBlock(Base64Source("image/png", PIXEL))])])
    assert made["content"] == "(There is an image here, which you cannot perceive.)"
