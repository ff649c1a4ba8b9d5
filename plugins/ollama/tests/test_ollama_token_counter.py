"""The estimate of tokens, beside what three tokenizers count: Qwen 3.6, DeepSeek V4, cl100k (November 2026)."""

import dataclasses

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock
from trouplet_ollama import OllamaTokenCounter
from trouplet_ollama.token_counter import estimated_tokens

PROSE = (
    "The kettle is on the stove, and the water will boil in about three minutes. Please bring two cups, a spoon, "
    "and the green tea from the second shelf; the sugar is next to it."
)
CODE = (
    'def total(items: list[Item]) -> float:\n    """Add up what the items cost."""\n'
    "    return sum(item.price * item.count for item in items if not item.returned)\n"
)
JSON = (
    '{"items": [{"id": 17, "name": "kettle", "price": 24.5, "tags": ["steel", "1.7 l"]}, '
    '{"id": 18, "name": "cup", "price": 4.0, "tags": []}], "total": 28.5}'
)
CHINESE = "水壶在炉子上，大约三分钟后水就会开。请拿两个杯子、一把勺子和第二层架子上的绿茶；糖就在旁边。"  # noqa: RUF001
RUSSIAN = "Чайник стоит на плите, и вода закипит примерно через три минуты. Принесите две чашки и ложку."
PICTURE = ImageBlock(Base64Source("image/png", "AAAA"))


@pytest.mark.parametrize(
    ("text", "counted", "error"),
    [(PROSE, (41, 41, 41), 0.12), (CODE, (41, 39, 38), 0.16), (JSON, (74, 73, 70), 0.12),
     (CHINESE, (30, 31), 0.6), (RUSSIAN, (28, 31), 0.6)],
    ids=["prose", "code", "json", "chinese", "russian"],
)  # fmt: skip
def test_the_estimate_is_as_near_as_it_is_said_to_be(text, counted, error):
    made = estimated_tokens(text)
    assert all(abs(made - exact) <= error * exact for exact in counted), (made, counted)


async def test_images_cost_what_was_said_wherever_they_are():
    counter = OllamaTokenCounter(image_tokens=1000)
    plain = await counter.count([Msg("Ann", "Look:")])
    shown = await counter.count([Msg("Ann", [TextBlock("Look:"), PICTURE, PICTURE])])
    assert shown.total - plain.total == 2000
    returned = Msg("Friday", [ToolResultBlock("c1", "photo", (PICTURE,))], "tool")
    assert (await counter.count([returned])).messages[0] > 1000


async def test_reasoning_counts_where_it_is_sent_back():
    counter = OllamaTokenCounter()
    own, foreign = [
        Msg("Friday", [ThinkingBlock(PROSE, extra), TextBlock("Yes.")], "assistant")
        for extra in ({"ollama": {}}, {"anthropic": {}})
    ]
    counts = (await counter.count([own, foreign])).messages
    assert counts[0] - counts[1] == estimated_tokens(PROSE)


async def test_a_message_that_was_changed_is_counted_anew():
    counter = OllamaTokenCounter()
    long = Msg("Ann", PROSE)
    short = dataclasses.replace(long, content=(TextBlock("Tea."),))
    assert long == short
    before = (await counter.count([long])).messages[0]
    assert (await counter.count([short])).messages[0] < before
    assert (await counter.count([long])).messages[0] == before
