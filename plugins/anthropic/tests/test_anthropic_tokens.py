"""Token counts: asked for in one request, or estimated."""

import struct
from base64 import b64encode

import pytest

from trouplet.conversation import Truncated
from trouplet.errors import InvalidResponse
from trouplet.messages import Base64Source, ImageBlock, Msg, ToolResultBlock, URLSource
from trouplet.model_io import ToolSchema
from trouplet_anthropic import AnthropicFormatter, AnthropicTokenCounter, AnthropicTokenEstimate, document
from trouplet_anthropic.image_tokens import image_tokens

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WEATHER = ToolSchema(
    "get_weather",
    "Get the current weather in a given location",
    {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        },
        "required": ["location"],
    },
)


@pytest.fixture
def counter(api):
    return AnthropicTokenCounter("claude-opus-5", api_key="sk-ant-1", client=api.client)


async def test_a_history_is_counted_in_one_request_and_shared_out(api, counter):
    api.answers({"input_tokens": 1000})
    history = [Msg("system", "Be kind.", "system"), Msg("Ann", "Tea. " * 50), Msg("F", "Yes.", "assistant")]
    made = await counter.count(history, [WEATHER])
    assert made.total == 1000
    assert len(made.messages) == 3
    assert made.messages[1] > made.messages[0] > 0
    assert api.requests[0].url.path == "/v1/messages/count_tokens"
    body = api.bodies[0]
    assert body.keys() == {"model", "messages", "system", "tools"}
    assert "max_tokens" not in body


async def test_the_system_prompt_is_still_there_after_counting(api, counter):
    api.answers({"input_tokens": 5000})
    history = [Msg("system", "Be kind.", "system"), *[Msg("Ann", f"Tea {n}. " * 50) for n in range(9)]]
    made = await Truncated(AnthropicFormatter(), counter, max_tokens=2000).format(history)
    assert made[0] == {"role": "system", "content": [{"type": "text", "text": "Be kind."}]}
    assert len(made) < len(history)
    assert len(api.requests) == 1


async def test_what_has_only_an_address_is_estimated_because_the_api_does_not_count_it(api, counter):
    api.answers({"input_tokens": 100})
    link = ImageBlock(URLSource("https://example.com/cup.png"))
    shown = [Msg("F", ToolResultBlock("c1", "look", (link, ImageBlock(Base64Source("image/png", PNG)))), "tool")]
    made = await counter.count([Msg("Ann", [link, document("https://example.com/a.pdf")]), *shown])
    assert made.total == 100 + 3 * 1600
    assert "example.com" not in str(api.bodies[0])
    assert PNG in str(api.bodies[0])


async def test_thinking_that_does_not_fit_any_more_does_not_keep_a_history_from_being_counted(api):
    api.answers({"input_tokens": 14})
    await AnthropicTokenCounter("claude-opus-5-5", api_key="k", client=api.client).count([Msg("Ann", "Hello")])
    assert api.bodies[0]["thinking"]["block_binding"] == {"prefix_mismatch_behavior": "drop_block"}
    assert api.requests[0].headers["anthropic-beta"] == "thinking-binding-controls-2026-08-01"


async def test_an_answer_without_a_number_is_none(api, counter):
    api.answers({"tokens": 7})
    with pytest.raises(InvalidResponse):
        await counter.count([Msg("Ann", "Hello")])


@pytest.mark.parametrize(
    ("history", "tools", "counted"),
    [
        ([Msg("system", "You are a scientist", "system"), Msg("Ann", "Hello, Claude")], [], 14),
        ([Msg("Ann", "What's the weather like in San Francisco?")], [WEATHER], 403),
    ],
    ids=["text", "a tool"],
)
async def test_the_estimate_is_near_what_anthropic_documents(history, tools, counted):
    made = await AnthropicTokenEstimate("claude-opus-4-6").count(history, tools)
    assert made.total == pytest.approx(counted, rel=0.15, abs=3)


async def test_the_newer_tokenizer_counts_a_third_more():
    history = [Msg("Ann", "The kettle is on the stove, and the water boils. " * 100)]
    older, newer = [await AnthropicTokenEstimate(name).count(history) for name in ("claude-opus-4-6", "claude-opus-5")]
    assert newer.total == pytest.approx(1.3 * older.total, rel=0.02)


def png(width, height):
    """The head of a PNG of this size."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return ImageBlock(Base64Source("image/png", b64encode(head).decode()))


@pytest.mark.parametrize(
    ("width", "height", "older", "newer"),
    [
        (256, 256, 100, 100),
        (512, 512, 361, 361),
        (1024, 1024, 1369, 1369),
        (1280, 720, 1196, 1196),
        (1920, 1080, 1560, 2691),
        (2560, 1440, 1560, 2952),
        (4032, 3024, 1568, 3888),
    ],
)
def test_an_image_costs_its_squares(width, height, older, newer):
    assert image_tokens(png(width, height), newer=False) == pytest.approx(older, rel=0.03)
    assert image_tokens(png(width, height), newer=True) == newer


@pytest.mark.parametrize("data", ["", "not base64", PNG[:8]])
def test_an_image_of_unknown_size_costs_as_much_as_most(data):
    assert image_tokens(ImageBlock(Base64Source("image/png", data)), newer=True) == 1600


async def test_a_text_document_costs_its_text_and_another_one_as_much_as_an_image():
    estimate = AnthropicTokenEstimate("claude-opus-4-6")
    long = await estimate.count([Msg("Ann", document("Tea is green. " * 1000))])
    scan = await estimate.count([Msg("Ann", document(b"%PDF-1.7"))])
    assert long.total > 3000
    assert 1600 < scan.total < 1620
