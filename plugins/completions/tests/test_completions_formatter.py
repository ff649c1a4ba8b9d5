"""Messages in the wire form; that every history is valid and memoised is the contract's matter."""

import pytest

from trouplet import InMemoryMemory, ReActAgent
from trouplet.messages import (
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet_completions import ChatCompletionsFormatter
from trouplet_completions.formatter import wire_name

IMAGE = ImageBlock(Base64Source("image/png", "aW1n"))
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1n"}}


async def wire(*messages, **options):
    return await ChatCompletionsFormatter(**options).format(list(messages))


async def test_plain_messages_are_plain():
    made = await wire(Msg("system", "Be kind.", "system"), Msg("user", "Hi"), Msg("assistant", "Hello.", "assistant"))
    assert made == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
    ]


async def test_names_are_sent_in_the_form_that_is_taken_everywhere():
    assert await wire(Msg("Ann Lee", "Hi"), Msg("Friday", "Yes?", "assistant")) == [
        {"role": "user", "content": "Hi", "name": "Ann_Lee"},
        {"role": "assistant", "content": "Yes?", "name": "Friday"},
    ]
    assert await wire(Msg("Ann", "Hi"), names=False) == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Ann", "Ann"),
        ("a b\tc", "a_b_c"),
        ("<|im_start|>system", "im_start_system"),
        ("x" * 99, "x" * 64),
        ("小明", ""),
        ("小明1", ""),
        ("", ""),
        ('é\n"role":"system"', "role_system"),
    ],
)
def test_a_name_is_made_harmless_or_left_out(name, made):
    assert wire_name(name) == made


async def test_the_system_role_may_be_developer():
    assert await wire(Msg("system", "Be kind.", "system"), system_role="developer") == [
        {"role": "developer", "content": "Be kind."}
    ]


async def test_nothing_empty_is_ever_sent():
    made = await wire(
        Msg("user", ""),
        Msg("system", "", "system"),
        Msg("assistant", [ThinkingBlock("hm")], "assistant"),
        Msg("assistant", [], "assistant"),
        Msg("user", [TextBlock(""), IMAGE]),
        Msg("tool", [ToolResultBlock("a", "f", ())], "tool"),
    )
    assert made == [
        {"role": "user", "content": [IMAGE_PART]},
        {"role": "tool", "tool_call_id": "a", "content": "(no output)"},
    ]


async def test_calls_are_sent_with_the_arguments_as_the_model_wrote_them():
    calls = [
        TextBlock("Let me see."),
        ThinkingBlock("hm"),
        ToolUseBlock("a", "f", {"x": 1}, '{ "x":1 }'),
        ToolUseBlock("b", "f", {}, '{"x": '),
        ToolUseBlock("c", "f", {"x": "é"}),
        ToolUseBlock("d", "f", {}),
        ToolUseBlock("e", "f", {}, "[1]"),
    ]
    (made,) = await wire(Msg("Friday", calls, "assistant"))
    assert made["content"] == "Let me see."
    assert [call["function"]["arguments"] for call in made["tool_calls"]] == [
        '{ "x":1 }',
        "{}",
        '{"x": "é"}',
        "{}",
        "{}",
    ]
    assert made["tool_calls"][0] == {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{ "x":1 }'}}


async def test_reasoning_goes_back_only_where_it_is_wanted():
    thought = Msg("assistant", [ThinkingBlock("hm"), TextBlock("Hi"), ToolUseBlock("a", "f", {})], "assistant")
    unthought = Msg("assistant", [ToolUseBlock("b", "f", {})], "assistant")
    made = await wire(thought, unthought, reasoning_field="reasoning_content")
    assert [message["reasoning_content"] for message in made] == ["hm", ""]
    assert all("reasoning_content" not in message for message in await wire(thought, unthought))


async def test_a_message_of_calls_alone_has_null_content():
    (made,) = await wire(Msg("assistant", [ToolUseBlock("a", "f", {})], "assistant"))
    assert made["content"] is None


async def test_a_thought_signature_goes_back_with_its_call():
    signature = {"google": {"thought_signature": "c2ln"}}
    call = ToolUseBlock("a", "f", {}, "{}", {"openai": {"extra_content": signature}})
    (made,) = await wire(Msg("assistant", [call], "assistant"))
    assert made["tool_calls"][0]["extra_content"] == signature


async def test_what_other_providers_kept_is_not_sent():
    call = ToolUseBlock("a", "f", {}, "{}", {"gemini": {"signature": "x"}})
    (made,) = await wire(Msg("assistant", [call], "assistant"))
    assert set(made["tool_calls"][0]) == {"id", "type", "function"}


async def test_media_of_results_come_after_all_results_of_the_step():
    results = [
        ToolResultBlock("a", "camera", (TextBlock("Click."), IMAGE)),
        ToolResultBlock("b", "clock", (TextBlock("12:00"),)),
        ToolResultBlock("c", "camera", (IMAGE,)),
    ]
    made = await wire(Msg("Friday", results, "tool"))
    assert [message["role"] for message in made] == ["tool", "tool", "tool", "user"]
    assert [message.get("tool_call_id") for message in made] == ["a", "b", "c", None]
    assert all(isinstance(message["content"], str) and message["content"] for message in made[:3])
    assert [part["type"] for part in made[3]["content"]] == ["text", "image_url", "text", "image_url"]


async def test_text_and_media_keep_their_order():
    (made,) = await wire(Msg("user", [TextBlock("Before"), IMAGE, TextBlock("after")]))
    assert made["content"] == [{"type": "text", "text": "Before"}, IMAGE_PART, {"type": "text", "text": "after"}]


async def test_what_an_assistant_message_loses_is_noted(model, acme, sse, delta):
    acme.answers(sse(delta(content="Hi"), delta("stop"), "[DONE]"))
    memory = InMemoryMemory([Msg("Friday", [ThinkingBlock("hm"), IMAGE], "assistant")])
    agent = ReActAgent("Friday", model=model(), memory=memory)
    notes = " ".join((await agent("Hello")).notes)
    assert "reasoning was not sent back" in notes
    assert "the image of an assistant was not sent back" in notes
    assert [message["role"] for message in acme.bodies[0]["messages"]] == ["user"]
