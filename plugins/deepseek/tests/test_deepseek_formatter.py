"""Messages in DeepSeek's form: above all, where the reasoning goes."""

from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet.model_io import ModelInfo
from trouplet_deepseek import DeepSeekChatFormatter

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
PICTURE = ImageBlock(Base64Source("image/png", PNG))
CALL = ToolUseBlock("c1", "look", {"at": "a"}, '{"at": "a"}')


async def form(*messages, formatter=None):
    return await (formatter or DeepSeekChatFormatter()).format(messages)


async def test_reasoning_goes_back_with_every_message_of_the_assistant_however_old():
    made = await form(
        Msg("Ann", "Look."),
        Msg("assistant", [ThinkingBlock("I look."), CALL], "assistant"),
        Msg("assistant", ToolResultBlock("c1", "look", (TextBlock("A cup."),)), "tool"),
        Msg("assistant", [ThinkingBlock("A cup."), TextBlock("It is a cup.")], "assistant"),
        Msg("Ann", "And now?"),
    )
    called, answered = made[1], made[3]
    assert called["reasoning_content"] == "I look."
    assert called["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"at": "a"}'}
    assert (answered["reasoning_content"], answered["content"]) == ("A cup.", "It is a cup.")
    assert [message["role"] for message in made] == ["user", "assistant", "tool", "assistant", "user"]


async def test_a_message_without_reasoning_says_so():
    plain, called = await form(Msg("assistant", "Yes.", "assistant"), Msg("assistant", CALL, "assistant"))
    assert plain["reasoning_content"] == ""
    assert called["reasoning_content"] == ""


async def test_the_reasoning_of_other_providers_is_left_out_and_the_rest_is_kept():
    foreign = ThinkingBlock("So?", {"anthropic": {"signature": "s"}})
    (made,) = await form(Msg("assistant", [foreign, ThinkingBlock("Mine."), TextBlock("Yes.")], "assistant"))
    assert (made["reasoning_content"], made["content"]) == ("Mine.", "Yes.")


async def test_reasoning_alone_is_no_message():
    assert await form(Msg("assistant", ThinkingBlock("Hm."), "assistant")) == []


async def test_text_is_one_string_and_images_are_parts_beside_it():
    text, shown = await form(
        Msg("user", [TextBlock("a"), TextBlock("b")]), Msg("user", [TextBlock("What is this?"), PICTURE])
    )
    assert text["content"] == "a\nb"
    assert shown["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]


async def test_a_model_without_eyes_is_told_of_the_image_and_every_model_of_the_sound():
    blind = DeepSeekChatFormatter.for_model(ModelInfo("deepseek", "deepseek-v4-pro", frozenset(("tools",))))
    (made,) = await form(Msg("user", [TextBlock("Look:"), PICTURE]), formatter=blind)
    assert isinstance(made["content"], str)
    assert "image" in made["content"]
    (made,) = await form(Msg("user", AudioBlock(Base64Source("audio/wav", "UklGRg=="))))
    assert "audio" in made["content"]
