import asyncio

import pytest

from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import BadInput, InvalidResponse, RateLimited, Unsupported
from trouplet.messages import Base64Source, ImageBlock, TextBlock
from trouplet.model_io import Embeddings, ModelInfo, Usage
from trouplet.ports import EmbeddingModel

PICTURE = ImageBlock(Base64Source("image/png", "iVBORw0KGgo="))


class Lengths(BatchedEmbedding):
    """The vector of a text is its length, twice."""

    dimensions = 2
    batch_size = 3

    def __init__(self, *capabilities: str) -> None:
        self.info = ModelInfo("test", "lengths", frozenset(capabilities))
        self.batches: list[list[object]] = []
        self.running = self.most = 0

    async def embed_batch(self, inputs):
        self.batches.append(list(inputs))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        return Embeddings(
            [[float(len(one)) if isinstance(one, str) else 0.0] * 2 for one in inputs], Usage(len(inputs))
        )


async def test_vectors_come_in_the_order_of_the_inputs() -> None:
    model = Lengths()
    assert isinstance(model, EmbeddingModel)
    made = await model.embed(["a" * length for length in range(1, 12)])
    assert [vector[0] for vector in made.vectors] == list(range(1, 12))
    assert sorted([len(batch) for batch in model.batches]) == [2, 3, 3, 3]
    assert (made.usage.input_tokens, made.usage.calls, made.cached) == (11, 4, 0)


async def test_only_so_many_batches_are_under_way() -> None:
    model = Lengths()
    await model.embed(["a"] * 60)
    assert model.most == model.parallel_batches


async def test_nothing_is_asked_for_nothing() -> None:
    model = Lengths()
    assert (await model.embed([])).vectors == []
    assert model.batches == []


async def test_a_batch_holds_only_so_much_text() -> None:
    model = Lengths()
    model.batch_bytes = 10
    await model.embed(["茶茶", "a" * 5, "b" * 20, "c"])
    assert model.batches == [["茶茶"], ["a" * 5], ["b" * 20], ["c"]]


async def test_text_blocks_are_texts_and_media_go_where_the_model_takes_them() -> None:
    model = Lengths("vision")
    await model.embed([TextBlock("tea"), PICTURE])
    assert model.batches == [["tea", PICTURE]]


@pytest.mark.parametrize(
    ("inputs", "error"),
    [("tea", BadInput), (["a", " "], BadInput), (["a", 3], BadInput), (["a", PICTURE], Unsupported)],
)
async def test_what_cannot_be_embedded_is_refused_before_anything_is_sent(inputs: object, error: type) -> None:
    model = Lengths()
    with pytest.raises(error):
        await model.embed(inputs)
    assert model.batches == []


@pytest.mark.parametrize("vectors", [[[1.0, 2.0]], [[1.0], [1.0]]])
async def test_an_answer_that_does_not_fit_is_an_error(vectors: list[list[float]]) -> None:
    class Wrong(Lengths):
        async def embed_batch(self, inputs):
            return Embeddings(vectors, Usage(1))

    with pytest.raises(InvalidResponse, match="test:lengths"):
        await Wrong().embed(["a", "b"])


async def test_the_error_of_one_batch_is_the_error_of_all() -> None:
    class Limited(Lengths):
        async def embed_batch(self, inputs):
            if "b" in inputs:
                raise RateLimited("slow down", retry_after=3.0)
            return await super().embed_batch(inputs)

    with pytest.raises(RateLimited) as caught:
        await Limited().embed(["a"] * 5 + ["b"] * 5)
    assert caught.value.retry_after == 3.0
