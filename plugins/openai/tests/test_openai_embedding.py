"""Embeddings of OpenAI and of Azure."""

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting
from trouplet.testing.contracts import EmbeddingWire, HTTPEmbeddingContract
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIEmbedding


class OpenAIEmbeddingWire(EmbeddingWire):
    def inputs(self, body):
        return body["input"]

    def answer(self, body, vectors, tokens):
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if tokens is not None else {}
        return {"object": "list", "data": data, "model": "m", **usage}

    def refusal(self, status, message):
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}


class TestOpenAIEmbedding(HTTPEmbeddingContract):
    wire = OpenAIEmbeddingWire()
    batch_size = 2048

    def make(self, base_url, *, max_retries, first_wait, **options):
        return OpenAIEmbedding("m", base_url=f"{base_url}/v1", retry=RetryPolicy(max_retries, first_wait), **options)


@pytest.fixture
def vectors():
    def of(*numbers):
        data = [{"index": index, "embedding": [number] * 1536} for index, number in reversed([*enumerate(numbers)])]
        return {"data": data, "usage": {"prompt_tokens": 7}}

    return of


async def test_vectors_are_put_into_the_order_of_their_texts(peer, vectors):
    peer.answers(vectors(1.0, 2.0))
    async with Kernel(environ={}, keys={"openai": "sk-1"}) as kernel:
        made = await kernel.embedding_model("openai:text-embedding-3-small", base_url=peer.url).embed(["a", "b"])
    assert [vector[0] for vector in made.vectors] == [1.0, 2.0]
    assert made.usage.input_tokens == 7
    assert peer.paths == ["/v1/embeddings"]
    assert peer.bodies[0] == {
        "model": "text-embedding-3-small", "encoding_format": "float", "input": ["a", "b"],
    }  # fmt: skip
    assert peer.requests[0].headers["authorization"] == "Bearer sk-1"


async def test_the_dimensions_of_a_model_that_is_not_known_have_to_be_given(peer):
    with pytest.raises(BadSetting, match="dimensions=1024"):
        OpenAIEmbedding("bge-m3", base_url=peer.url)
    assert OpenAIEmbedding("text-embedding-3-large", api_key="sk-1").dimensions == 3072


async def test_azure_embeds_too(peer, vectors):
    peer.answers(vectors(1.0))
    async with Kernel(environ={}, keys={"azure": "k1"}) as kernel:
        model = kernel.embedding_model("azure:text-embedding-3-small", base_url=peer.url, api_version="2026-10-01")
        await model.embed(["a"])
    assert peer.paths[0].endswith("/openai/deployments/text-embedding-3-small/embeddings?api-version=2026-10-01")
