"""Embeddings, and where Azure's deployments are."""

import json

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
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
def vectors(answer):
    def of(*numbers):
        data = [{"index": index, "embedding": [number] * 1536} for index, number in reversed([*enumerate(numbers)])]
        body = {"data": data, "usage": {"prompt_tokens": 7}}
        return answer(json.dumps(body).encode(), content_type="application/json")

    return of


async def test_vectors_are_put_into_the_order_of_their_texts(peer, vectors):
    peer.answers(vectors(1.0, 2.0))
    async with Kernel(environ={}, keys={"openai": "sk-1"}) as kernel:
        made = await kernel.embedding_model("openai:text-embedding-3-small", base_url=peer.url).embed(["a", "b"])
    assert [vector[0] for vector in made.vectors] == [1.0, 2.0]
    assert made.usage.input_tokens == 7
    assert peer.seen[0].path == "/v1/embeddings"
    assert peer.seen[0].body == {
        "model": "text-embedding-3-small", "encoding_format": "float", "input": ["a", "b"],
    }  # fmt: skip
    assert peer.seen[0].headers["authorization"] == "Bearer sk-1"


async def test_the_dimensions_of_a_model_that_is_not_known_have_to_be_given(peer):
    with pytest.raises(BadSetting, match="dimensions=1024"):
        OpenAIEmbedding("bge-m3", base_url=peer.url)
    assert OpenAIEmbedding("text-embedding-3-large", api_key="sk-1").dimensions == 3072


@pytest.mark.parametrize(
    ("environ", "options", "path"),
    [
        ({}, {}, "/openai/v1/chat/completions"),
        ({}, {"api": "responses"}, "/openai/v1/responses"),
        (
            {"OPENAI_API_VERSION": "2026-10-01"},
            {},
            "/openai/deployments/my%20gpt/chat/completions?api-version=2026-10-01",
        ),
        ({}, {"api_version": "2026-10-01", "api": "responses"}, "/openai/responses?api-version=2026-10-01"),
    ],
)
async def test_azure_has_two_kinds_of_addresses(peer, ask, answer, environ, options, path):
    peer.answers(answer(b"{}", status=400, content_type="application/json"))
    environ = {"AZURE_OPENAI_API_KEY": "k1", "AZURE_OPENAI_ENDPOINT": peer.url.removesuffix("/v1"), **environ}
    async with Kernel(environ=environ) as kernel:
        with pytest.raises(Exception, match="azure"):
            await ask(kernel.model("azure:my gpt", **options))
    assert peer.seen[0].path == path
    assert peer.seen[0].headers["api-key"] == "k1"
    assert "authorization" not in peer.seen[0].headers


async def test_azure_takes_a_token_instead_of_a_key(peer, ask, answer):
    peer.answers(answer(b"{}", status=400, content_type="application/json"))
    async with Kernel(environ={}) as kernel:
        with pytest.raises(Exception, match="azure"):
            await ask(kernel.model("azure:gpt", base_url=peer.url, azure_ad_token="t1"))
    assert peer.seen[0].headers["authorization"] == "Bearer t1"
    assert "api-key" not in peer.seen[0].headers


async def test_azure_embeds_too(peer, vectors):
    peer.answers(vectors(1.0))
    async with Kernel(environ={}, keys={"azure": "k1"}) as kernel:
        model = kernel.embedding_model("azure:text-embedding-3-small", base_url=peer.url, api_version="2026-10-01")
        await model.embed(["a"])
    assert peer.seen[0].path.endswith("/openai/deployments/text-embedding-3-small/embeddings?api-version=2026-10-01")


async def test_azure_says_what_is_missing():
    async with Kernel(environ={}) as kernel:
        with pytest.raises(BadSetting, match="AZURE_OPENAI_ENDPOINT"):
            kernel.model("azure:gpt")
        with pytest.raises(MissingKey, match="AZURE_OPENAI_API_KEY"):
            kernel.model("azure:gpt", base_url="https://x.openai.azure.com")
