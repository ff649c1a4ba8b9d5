"""Token counts: asked for in one request, shared out by an estimate."""

import struct
from base64 import b64encode

import pytest

from trouplet.errors import InvalidResponse
from trouplet.messages import Base64Source, ImageBlock, Msg, URLSource
from trouplet.model_io import ToolSchema
from trouplet_gemini import GeminiTokenCounter
from trouplet_gemini.estimate import estimate, shared_out
from trouplet_gemini.generation import generation_of
from trouplet_http import RetryPolicy

TOOL = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})


@pytest.fixture
async def counter(peer):
    counter = GeminiTokenCounter("gemini-3.8-flash", base_url=peer.url, retry=RetryPolicy(max_retries=0))
    yield counter
    await counter.aclose()


async def test_the_api_counts_the_whole_request_and_the_sum_is_its_number(peer, counter):
    peer.answers({"totalTokens": 1001})
    history = [Msg("system", "Be kind.", "system"), Msg("Ann", "Hi"), Msg("Friday", "Hello", "assistant")]
    count = await counter.count(history, [TOOL])
    (body,) = peer.bodies
    assert peer.requests[0].path == "/v1beta/models/gemini-3.8-flash:countTokens"
    request = body["generateContentRequest"]
    assert request.keys() == {"model", "contents", "systemInstruction", "tools"}
    assert request["model"] == "models/gemini-3.8-flash"
    assert count.total == 1001
    assert all(count.messages)
    assert count.overhead > count.messages[1]


async def test_nothing_is_not_asked_for(peer, counter):
    peer.answers({"totalTokens": 5})
    assert (await counter.count([])).total == 0
    assert peer.requests == []


@pytest.mark.parametrize("told", ["12", -1, 1.5, True])
async def test_a_number_that_is_none_is_an_error(peer, counter, told):
    peer.answers({"totalTokens": told})
    with pytest.raises(InvalidResponse, match="totalTokens"):
        await counter.count([Msg("Ann", "Hi")])


@pytest.mark.parametrize(
    ("model", "width", "height", "tokens"),
    [
        ("gemini-3.8-flash", 4000, 3000, 1120),
        ("gemini-2.5-flash", 384, 384, 258),
        ("gemini-2.5-flash", 960, 540, 6 * 258),
        ("gemini-2.5-flash", 3000, 2000, 12 * 258),
        ("gemma-4-31b-it", 3000, 2000, 258),
    ],
)
def test_an_image_is_estimated_as_google_says(model, width, height, tokens):
    png = b"\x89PNG\r\n\x1a\n" + bytes(8) + struct.pack(">II", width, height)
    image = Msg("Ann", ImageBlock(Base64Source("image/png", b64encode(png).decode())))
    generation = generation_of(model)
    assert estimate(image, generation) - estimate(Msg("Ann", ""), generation) == tokens


@pytest.mark.parametrize("source", [URLSource("https://example.com/a.png"), Base64Source("image/png", "no base64")])
def test_an_image_whose_size_is_not_known_is_one_tile(source):
    generation = generation_of("gemini-2.5-flash")
    assert estimate(Msg("Ann", ImageBlock(source)), generation) == estimate(Msg("Ann", ""), generation) + 258


@pytest.mark.parametrize(("total", "weights"), [(0, [1, 2]), (1, [1, 1, 1]), (10, [3, 3, 3]), (999, [1, 0, 5, 7])])
def test_a_number_is_shared_out_without_a_rest(total, weights):
    shares = shared_out(total, weights)
    assert sum(shares) == total
    assert all(abs(share - total * weight / sum(weights)) <= 1 for share, weight in zip(shares, weights, strict=True))
