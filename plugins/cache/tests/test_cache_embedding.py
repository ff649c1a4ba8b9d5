"""Embeddings that are asked for once."""

import pytest

from trouplet.errors import BadInput
from trouplet.messages import Base64Source, ImageBlock, TextBlock, URLSource
from trouplet.model_io import Embeddings, ModelInfo, Usage
from trouplet_cache import CachedEmbedding


class Embedder:
    """Embeds a text as its length, and remembers what it was asked."""

    def __init__(self, name="e", dimensions=3, **options):
        self.info = ModelInfo("test", name, kind="embedding", options=options)
        self.dimensions = dimensions
        self.asked = []

    async def embed(self, inputs):
        if isinstance(inputs, str):
            raise BadInput("one text")
        self.asked.append([getattr(one, "text", one) for one in inputs])
        return Embeddings([self.vector(one) for one in inputs], Usage(len(inputs)))

    def vector(self, one):
        return [len(str(one)) / 3, -1e-300, 0.1][: self.dimensions]


async def test_only_what_is_not_stored_is_asked_for_and_the_order_is_kept(store):
    model = Embedder()
    cached = CachedEmbedding(model, store())
    first = await cached.embed(["aa", "b"])
    assert (first.cached, first.usage) == (0, Usage(2))
    second = await cached.embed(["ccc", "b", TextBlock("aa"), "dddd"])
    assert model.asked == [["aa", "b"], ["ccc", "dddd"]]
    assert (second.cached, second.usage) == (2, Usage(2))
    assert second.vectors == [model.vector(text) for text in ("ccc", "b", "aa", "dddd")]


async def test_a_stored_vector_is_the_same_to_the_last_bit_also_in_another_process(store):
    model = Embedder()
    (fresh,) = (await CachedEmbedding(model, store()).embed(["x"])).vectors
    again = await CachedEmbedding(Embedder(), store()).embed(["x"])
    assert again.vectors == [fresh]
    assert (again.cached, again.usage) == (1, Usage.none())


async def test_what_occurs_twice_is_asked_for_once(store):
    model = Embedder()
    made = await CachedEmbedding(model, store()).embed(["x", "yy", "x"])
    assert model.asked == [["x", "yy"]]
    assert made.vectors[0] == made.vectors[2] != made.vectors[1]
    assert made.cached == 0


@pytest.mark.parametrize("model", [Embedder("other"), Embedder(dimensions=2), Embedder(task="query")])
async def test_another_model_other_dimensions_and_other_options_have_keys_of_their_own(store, model):
    kept = store()
    await CachedEmbedding(Embedder(), kept).embed(["x"])
    made = await CachedEmbedding(model, kept).embed(["x"])
    assert (made.cached, model.asked) == (0, [["x"]])
    assert len(made.vectors[0]) == model.dimensions


async def test_media_are_stored_when_their_content_is_known(store):
    model = Embedder()
    cached = CachedEmbedding(model, store())
    inputs = [ImageBlock(Base64Source("image/png", "AAAA")), ImageBlock(URLSource("https://x.test/i.png")), "x"]
    await cached.embed(inputs)
    again = await cached.embed(inputs)
    assert model.asked[1] == [inputs[1]]
    assert again.cached == 2


async def test_a_vector_of_another_length_is_a_miss(store):
    kept, model = store(), Embedder()
    cached = CachedEmbedding(model, kept)
    await cached.embed(["x"])
    await kept.put(cached._key("x", 0), b"12345678")
    assert (await cached.embed(["x"])).cached == 0


async def test_hits_of_a_cache_within_count_too(store):
    inner = CachedEmbedding(Embedder(), store())
    await inner.embed(["x"])
    outer = CachedEmbedding(inner, store())
    assert (await outer.embed(["x"])).cached == 1


async def test_it_is_an_embedding_model(store):
    from trouplet.ports import EmbeddingModel

    model = Embedder()
    cached = CachedEmbedding(model, store())
    assert isinstance(cached, EmbeddingModel)
    assert (cached.info, cached.dimensions) == (model.info, 3)
    with pytest.raises(BadInput):
        await cached.embed("one text")
    assert (await cached.embed([])).vectors == []
