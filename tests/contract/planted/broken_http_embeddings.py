"""Acme's embedding model with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from trouplet.errors import InvalidResponse, ModelError
from trouplet.model_io import Embeddings, Usage
from trouplet.testing.contracts import HTTPEmbeddingContract
from trouplet_http import RetryPolicy

sys.path.insert(0, str(Path(__file__).parents[1]))
from acme_counting import AcmeEmbedding, AcmeEmbeddingWire

sys.path.pop(0)


class Faulty(HTTPEmbeddingContract):
    """The sound model, of which a fault overrides a part as ``Broken``."""

    wire = AcmeEmbeddingWire()
    batch_size = 7
    patience = 1.0
    Broken = AcmeEmbedding

    def make(self, base_url, *, max_retries, first_wait, **options):
        return self.Broken(base_url, retry=RetryPolicy(max_retries, first_wait), **options)


def joined(made):
    return Embeddings(
        [vector for one in made for vector in one.vectors], sum([one.usage for one in made], Usage.none())
    )


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestBatchesTooLarge(Faulty):
    caught_by = "test_batches_hold_no_more_than_the_provider_takes"

    class Broken(AcmeEmbedding):
        batch_size = 8


class TestInTheOrderOfArrival(Faulty):
    caught_by = "test_batches_that_come_back_in_another_order_keep_their_places"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            made = []

            async def arrive(batch):
                made.append(await super(type(self), self).embed(batch))

            async with asyncio.TaskGroup() as group:
                for at in range(0, len(inputs), 7):
                    group.create_task(arrive(inputs[at : at + 7]))
            return joined(made)


class TestUsageOfTheLastBatch(Faulty):
    caught_by = "test_usage_is_added_up_over_the_batches"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            made = await super().embed(inputs)
            return replace(made, usage=replace(made.usage, input_tokens=made.usage.input_tokens % 7))


class TestInventsUsage(Faulty):
    caught_by = "test_usage_that_is_not_told_is_unknown_and_not_zero"

    class Broken(AcmeEmbedding):
        def usage(self, answer):
            return Usage(answer.get("tokens", 0) if isinstance(answer.get("tokens", 0), int) else 0)


class TestAsksForNothing(Faulty):
    caught_by = "test_no_inputs_cost_no_request"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            return await super().embed(inputs) if inputs else await self.embed_batch(inputs)


class TestSendsBeforeItLooks(Faulty):
    caught_by = "test_what_cannot_be_embedded_is_refused_before_anything_is_sent"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            sound = [one for one in inputs if one and isinstance(one, str)]
            if not isinstance(inputs, str) and len(sound) < len(inputs) and sound:
                await super().embed(sound)
            return await super().embed(inputs)


class TestForgetsItsDimensions(Faulty):
    caught_by = "test_the_dimensions_are_asked_for_and_checked"

    class Broken(AcmeEmbedding):
        async def _one(self, batch):
            return await self.embed_batch(batch)


class TestFillsUpWithZeros(Faulty):
    caught_by = "test_too_few_vectors_are_an_invalid_response"

    class Broken(AcmeEmbedding):
        async def embed_batch(self, inputs):
            made = await super().embed_batch(inputs)
            missing = len(inputs) - len(made.vectors)
            return Embeddings(made.vectors + [[0.0] * self.dimensions] * missing, made.usage)


class TestTrustsTheTypes(Faulty):
    caught_by = "test_wrong_types_are_never_an_untyped_error"

    class Broken(AcmeEmbedding):
        async def embed_batch(self, inputs):
            try:
                return await super().embed_batch(inputs)
            except InvalidResponse as error:
                raise TypeError("no vectors") from error


class TestAsksTwice(Faulty):
    caught_by = "test_every_status_is_a_typed_error_and_costs_what_it_should"

    class Broken(AcmeEmbedding):
        async def embed_batch(self, inputs):
            try:
                return await super().embed_batch(inputs)
            except ModelError:
                return await super().embed_batch(inputs)


class TestWaitsForTheOthers(Faulty):
    caught_by = "test_a_batch_that_fails_ends_the_others"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            batches = [inputs[at : at + 7] for at in range(0, len(inputs), 7)]
            asked = [super(type(self), self).embed(batch) for batch in batches]
            made = await asyncio.gather(*asked, return_exceptions=True)
            for one in made:
                if isinstance(one, BaseException):
                    raise one
            return joined(made)


class TestSwallowsCancellation(Faulty):
    caught_by = "test_cancellation_propagates_and_leaves_nothing"

    class Broken(AcmeEmbedding):
        async def embed(self, inputs):
            try:
                return await super().embed(inputs)
            except asyncio.CancelledError:
                return Embeddings([], Usage.none())
