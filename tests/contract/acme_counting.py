"""Acme's embedding model and token counters: what an author writes, in small."""

import json

from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import InvalidResponse
from trouplet.model_io import Embeddings, ModelInfo, TokenCount, Usage
from trouplet.secret import Secret
from trouplet.testing import PlainFormatter
from trouplet.testing.contracts import EmbeddingWire
from trouplet_http import ProviderClient


class AcmeEmbedding(BatchedEmbedding):
    """An embedding model that takes seven texts at a time."""

    batch_size = 7

    def __init__(self, base_url, *, api_key, dimensions=8, retry=None, deadline=600):
        self.info = ModelInfo("acme", "compass")
        self.dimensions = dimensions
        headers = {"authorization": Secret(f"Bearer {api_key}")}
        self._client = ProviderClient("acme", base_url, headers=headers, retry=retry, deadline=deadline)

    async def aclose(self):
        await self._client.aclose()

    async def embed_batch(self, inputs):
        body = {"texts": list(inputs), "dimensions": self.dimensions}
        answer = await self._client.endpoint({}).post_json("embed", body)
        return Embeddings(self.vectors(answer), self.usage(answer))

    def vectors(self, answer):
        match answer.get("vectors"):
            case [*vectors] if all(isinstance(vector, list) for vector in vectors):
                if all(isinstance(number, (int, float)) for vector in vectors for number in vector):
                    return vectors
        raise InvalidResponse("the answer of acme has no vectors", provider="acme")

    def usage(self, answer):
        match answer.get("tokens"):
            case int(tokens):
                return Usage(tokens)
        return Usage.not_reported()


class AcmeEmbeddingWire(EmbeddingWire):
    """How Acme's vectors look."""

    def inputs(self, body):
        return body["texts"]

    def answer(self, body, vectors, tokens):
        return {"vectors": vectors} | ({} if tokens is None else {"tokens": tokens})

    def refusal(self, status, message):
        return {"error": {"message": message}}


class AcmeCounter:
    """Counts four characters as a token."""

    async def count(self, messages, tools=()):
        wire = await PlainFormatter().format(messages)
        return TokenCount(
            [self.tokens(one) for one in wire], self.tokens([tool.name + tool.description for tool in tools])
        )

    def tokens(self, value):
        return len(json.dumps(value)) // 4


class AcmeAskingCounter(AcmeCounter):
    """Asks the provider for the sum, and shares it out."""

    def __init__(self, base_url):
        self._client = ProviderClient("acme", base_url, headers={})

    async def aclose(self):
        await self._client.aclose()

    async def count(self, messages, tools=()):
        local = await super().count(messages, tools)
        body = {"history": await PlainFormatter().format(messages), "tools": [tool.name for tool in tools]}
        answer = await self._client.endpoint({}).post_json("count", body)
        return TokenCount(local.messages, max(answer["tokens"] - sum(local.messages), 0))
