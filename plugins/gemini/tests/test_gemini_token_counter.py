"""Token counts: asked for in one request, shared out by an estimate."""

import pytest

from trouplet.errors import InvalidResponse
from trouplet.messages import Base64Source, ImageBlock, Msg
from trouplet.model_io import ToolSchema
from trouplet_gemini import GeminiTokenCounter
from trouplet_gemini.estimate import estimate, shared_out
from trouplet_http import RetryPolicy

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
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


def test_an_image_is_estimated_as_google_says():
    image = Msg("Ann", ImageBlock(Base64Source("image/png", PNG)))
    assert estimate(image, image_tokens=258) - estimate(Msg("Ann", ""), image_tokens=258) == 258


@pytest.mark.parametrize(("total", "weights"), [(0, [1, 2]), (1, [1, 1, 1]), (10, [3, 3, 3]), (999, [1, 0, 5, 7])])
def test_a_number_is_shared_out_without_a_rest(total, weights):
    shares = shared_out(total, weights)
    assert sum(shares) == total
    assert all(abs(share - total * weight / sum(weights)) <= 1 for share, weight in zip(shares, weights, strict=True))
