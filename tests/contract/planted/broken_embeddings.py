"""Embedding models with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
import zlib
from dataclasses import replace

from trouplet.embeddings import BatchedEmbedding
from trouplet.messages import TextBlock
from trouplet.model_io import Embeddings, ModelInfo, Usage
from trouplet.testing.contracts import EmbeddingContract


class Model(BatchedEmbedding):
    """A sound model in the process."""

    batch_size = 3

    def __init__(self):
        self.info = ModelInfo("test", "vectors")
        self.dimensions = 4

    async def embed_batch(self, inputs):
        return Embeddings([self.vector(text) for text in inputs], Usage(len(inputs)))

    def vector(self, text):
        return [zlib.crc32(f"{text}{place}".encode()) % 1000 / 1000 for place in range(self.dimensions)]


class Faulty(EmbeddingContract):
    """The sound model, of which a fault overrides a part as ``Broken``."""

    Broken = Model

    def make(self):
        return self.Broken()


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestNobody(Faulty):
    caught_by = "test_a_model_says_who_it_is_and_how_long_its_vectors_are"

    class Broken(Model):
        def __init__(self):
            super().__init__()
            self.info = ModelInfo("", "vectors")


class TestSorted(Faulty):
    caught_by = "test_each_input_has_its_vector_in_order"

    class Broken(Model):
        async def embed(self, inputs):
            return await super().embed(sorted(inputs, key=str))


class TestNotANumber(Faulty):
    caught_by = "test_vectors_are_finite_numbers_as_many_as_the_dimensions"

    class Broken(Model):
        def vector(self, text):
            return [float("nan")] * self.dimensions


class TestPaysForNothing(Faulty):
    caught_by = "test_no_inputs_have_no_vectors_and_cost_nothing"

    class Broken(Model):
        async def embed(self, inputs):
            made = await super().embed(inputs)
            return made if inputs else replace(made, usage=Usage())


class TestKnowsNoBlocks(Faulty):
    caught_by = "test_text_blocks_are_texts"

    class Broken(Model):
        async def embed(self, inputs):
            return await super().embed([repr(one) if isinstance(one, TextBlock) else one for one in inputs])


class TestAsciiOnly(Faulty):
    caught_by = "test_any_text_can_be_embedded"

    class Broken(Model):
        def vector(self, text):
            return super().vector(text.encode("ascii").decode())


class TestChokesOnLongText(Faulty):
    caught_by = "test_a_long_text_is_embedded_or_refused"

    class Broken(Model):
        def vector(self, text):
            if len(text) > 10_000:
                raise IndexError("the text is longer than the window")
            return super().vector(text)


class TestTakesTextForAList(Faulty):
    caught_by = "test_one_text_instead_of_a_list_is_refused"

    class Broken(Model):
        async def embed(self, inputs):
            return await super().embed([inputs] if isinstance(inputs, str) else inputs)


class TestTakesImagesForText(Faulty):
    caught_by = "test_media_that_the_model_does_not_take_are_refused"

    class Broken(Model):
        async def embed(self, inputs):
            if isinstance(inputs, str):
                return await super().embed(inputs)
            return await super().embed([one if isinstance(one, str | TextBlock) else "an image" for one in inputs])


class TestEatsItsInputs(Faulty):
    caught_by = "test_the_inputs_are_not_changed"

    class Broken(Model):
        async def embed(self, inputs):
            made = await super().embed(inputs)
            if isinstance(inputs, list):
                inputs.clear()
            return made


class TestStateAcrossAwaits(Faulty):
    caught_by = "test_calls_at_the_same_time_are_independent"

    class Broken(Model):
        async def embed_batch(self, inputs):
            self.inputs = inputs
            await asyncio.sleep(0)
            return await super().embed_batch(self.inputs)
