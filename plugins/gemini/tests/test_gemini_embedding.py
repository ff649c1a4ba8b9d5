"""Embeddings: tasks, lengths, media."""

import pytest

from trouplet.errors import BadSetting, InvalidResponse
from trouplet.messages import Base64Source, ImageBlock
from trouplet.model_io import Usage
from trouplet_gemini import GeminiEmbedding
from trouplet_http import RetryPolicy

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


@pytest.fixture
async def make(peer):
    made = []

    def make(model="gemini-embedding-2", **options):
        usual = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0)}
        made.append(GeminiEmbedding(model, **{**usual, **options}))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


async def test_the_task_stands_before_the_text(peer, make):
    peer.answers({"embeddings": [{"values": [3, 4]}], "usageMetadata": {"promptTokenCount": 9}})
    made = await make(dimensions=2, task_type="RETRIEVAL_QUERY").embed(["tea"])
    assert made.vectors == [[3.0, 4.0]]
    assert made.usage == Usage(9)
    assert peer.requests[0].path == "/v1beta/models/gemini-embedding-2:batchEmbedContents"
    assert peer.bodies[0]["requests"] == [
        {
            "model": "models/gemini-embedding-2",
            "content": {"parts": [{"text": "task: search result | query: tea"}]},
            "outputDimensionality": 2,
        }
    ]


async def test_the_first_model_has_a_field_for_it_and_short_vectors_that_have_to_be_normalised(peer, make):
    peer.answers({"embeddings": [{"values": [3, 4]}, {"values": [0, 0]}]})
    made = await make("gemini-embedding-001", dimensions=2, task_type="CLUSTERING").embed(["tea", "bread"])
    assert made.vectors == [[0.6, 0.8], [0.0, 0.0]]
    assert made.usage == Usage.not_reported()
    assert [(one["taskType"], one["content"]["parts"]) for one in peer.bodies[0]["requests"]] == [
        ("CLUSTERING", [{"text": "tea"}]), ("CLUSTERING", [{"text": "bread"}]),
    ]  # fmt: skip


async def test_vectors_of_the_usual_length_are_not_asked_for_and_not_touched(peer, make):
    peer.answers({"embeddings": [{"values": [2.0] * 3072}]})
    assert (await make("gemini-embedding-001").embed(["tea"])).vectors == [[2.0] * 3072]
    assert "outputDimensionality" not in peer.bodies[0]["requests"][0]


async def test_an_image_has_a_vector_too(peer, make):
    peer.answers({"embeddings": [{"values": [1, 0]}]})
    await make(dimensions=2).embed([ImageBlock(Base64Source("image/png", PNG))])
    assert peer.bodies[0]["requests"][0]["content"] == {
        "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    }


@pytest.mark.parametrize("values", [None, "x", ["x"], [True], [None], {}])
async def test_a_vector_that_is_none_is_an_error(peer, make, values):
    peer.answers({"embeddings": [{"values": values}]})
    with pytest.raises(InvalidResponse):
        await make(dimensions=1).embed(["tea"])


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("gemini-embedding-2", {"dimensions": 4096}),
        ("gemini-embedding-2", {"dimensions": 0}),
        ("gemini-embedding-2", {"task_type": "RETRIEVAL_QUERRY"}),
        ("a-model-of-which-nothing-is-known", {}),
    ],
)
def test_a_setting_that_cannot_be_is_refused(make, model, options):
    with pytest.raises(BadSetting):
        make(model, **options)
