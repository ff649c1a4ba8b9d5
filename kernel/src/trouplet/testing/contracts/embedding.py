"""The contract of embedding models."""

from __future__ import annotations

import asyncio
import math
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import BadInput, Unsupported
from trouplet.messages import Base64Source, ImageBlock, TextBlock
from trouplet.testing.contracts.closable import Closable
from trouplet.testing.contracts.contract import Contract

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from trouplet.ports import EmbeddingModel

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
TEXTS = ("one kettle", "two cups", "three spoons", "a fourth thing", "one kettle")
_UNICODE = ["茶", "🫖 👩\u200d🍳", "a\u2028b", "a\x00b", "\ufeffa", "e\u0301", "\U000e0041 a"]


class EmbeddingContract(Contract):
    """What every embedding model keeps. Override ``make``."""

    patience = 10.0

    def make(self, **options: object) -> EmbeddingModel:
        """Return a new model; it is closed in the end if it can be."""
        raise NotImplementedError(f"{type(self).__name__} makes no embedding model")

    def serve(self) -> AbstractAsyncContextManager[EmbeddingModel]:
        """Return a model that works."""
        return self.closing(self.make())

    @pytest.mark.asyncio
    async def test_a_model_says_who_it_is_and_how_long_its_vectors_are(self) -> None:
        from trouplet.ports import EmbeddingModel

        async with self.serve() as model:
            assert isinstance(model, EmbeddingModel)
            assert model.info.provider
            assert model.info.name
            assert model.dimensions > 0

    @pytest.mark.asyncio
    async def test_each_input_has_its_vector_in_order(self) -> None:
        async with self.serve() as model:
            together = (await model.embed(TEXTS)).vectors
            alone = [(await model.embed([text])).vectors[0] for text in TEXTS]
        assert len(together) == len(TEXTS), f"{len(together)} vectors for {len(TEXTS)} inputs"
        for text, one, other in zip(TEXTS, together, alone, strict=True):
            assert close(one, other), f"{text!r} has another vector in company than alone"

    @pytest.mark.asyncio
    async def test_vectors_are_finite_numbers_as_many_as_the_dimensions(self) -> None:
        async with self.serve() as model:
            for vector in (await model.embed(TEXTS)).vectors:
                assert len(vector) == model.dimensions
                assert all([math.isfinite(number) for number in vector]), f"no vector: {vector}"

    @pytest.mark.asyncio
    async def test_no_inputs_have_no_vectors_and_cost_nothing(self) -> None:
        async with self.serve() as model:
            made = await model.embed([])
        assert made.vectors == []
        assert (made.usage.calls, made.usage.input_tokens) == (0, 0), f"nothing was embedded, and cost {made.usage}"

    @pytest.mark.asyncio
    async def test_text_blocks_are_texts(self) -> None:
        async with self.serve() as model:
            as_text, as_block = await model.embed(TEXTS[:1]), await model.embed([TextBlock(TEXTS[0])])
        assert close(as_text.vectors[0], as_block.vectors[0]), "a text has another vector as a block"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("text", _UNICODE, ids=ascii)
    async def test_any_text_can_be_embedded(self, text: str) -> None:
        async with self.serve() as model:
            (vector,) = (await model.embed([text])).vectors
        assert len(vector) == model.dimensions

    @pytest.mark.asyncio
    async def test_a_long_text_is_embedded_or_refused(self) -> None:
        from trouplet.errors import TroupletError

        async with self.serve() as model:
            try:
                assert len((await model.embed(["a long text " * 5000])).vectors) == 1
            except TroupletError:
                return

    @pytest.mark.asyncio
    async def test_one_text_instead_of_a_list_is_refused(self) -> None:
        async with self.serve() as model:
            with pytest.raises(BadInput):
                await model.embed("one text")

    @pytest.mark.asyncio
    async def test_media_that_the_model_does_not_take_are_refused(self) -> None:
        async with self.serve() as model:
            if "vision" in model.info.capabilities:
                pytest.skip("not applicable: the model takes images")
            with pytest.raises(Unsupported):
                await model.embed([TEXTS[0], ImageBlock(Base64Source("image/png", _PIXEL))])

    @pytest.mark.asyncio
    async def test_the_inputs_are_not_changed(self) -> None:
        inputs = list(TEXTS)
        async with self.serve() as model:
            await model.embed(inputs)
        assert inputs == list(TEXTS), "the model has changed the list that it was given"

    @pytest.mark.asyncio
    async def test_calls_at_the_same_time_are_independent(self) -> None:
        async with self.serve() as model:
            expected = [(await model.embed([text])).vectors[0] for text in TEXTS]
            together = await asyncio.gather(*[model.embed([text]) for text in TEXTS])
        for text, one, other in zip(TEXTS, together, expected, strict=True):
            assert close(one.vectors[0], other), f"{text!r} has the vector of another call"

    @asynccontextmanager
    async def closing(self, model: EmbeddingModel) -> AsyncIterator[EmbeddingModel]:
        """Close a model in the end."""
        try:
            yield model
        finally:
            if isinstance(model, Closable):
                await model.aclose()


def close(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two vectors are the same, but for rounding."""
    return len(one) == len(other) and all(
        [math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-4) for a, b in zip(one, other, strict=True)]
    )
