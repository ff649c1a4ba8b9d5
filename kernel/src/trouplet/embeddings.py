"""What all embedding models share: batches that the provider accepts, sent side by side, counted and checked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from trouplet.errors import BadInput, InvalidResponse, Unsupported
from trouplet.messages import AudioBlock, ImageBlock, MediaBlock, TextBlock
from trouplet.model_io import Embeddings, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trouplet.model_io import ModelInfo


class BatchedEmbedding:
    """The base of a provider's embedding model.

    A subclass sets ``info`` and ``dimensions``, says with ``batch_size`` how many inputs one request may hold and with
    ``batch_bytes`` how much text (a token has at least one byte of UTF-8), and asks its provider in ``embed_batch``.
    Media are taken when ``info.capabilities`` has ``vision``, ``audio`` or ``video``.
    """

    info: ModelInfo
    dimensions: int
    batch_size = 100
    batch_bytes: int | None = None
    parallel_batches = 4

    async def embed_batch(self, inputs: Sequence[str | MediaBlock]) -> Embeddings:
        """Ask the provider for the vectors of one batch."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it embeds")

    async def embed(self, inputs: Sequence[str | TextBlock | MediaBlock]) -> Embeddings:
        """Return one vector per input, in order.

        Raises ``BadInput`` and ``Unsupported`` before anything is sent, and the ``ModelError`` of the first batch that
        fails.
        """
        if isinstance(inputs, str):
            raise BadInput("embed() was given one text", fix="Give a list of texts")
        batches = list(self._batches([self._checked(one, place) for place, one in enumerate(inputs)]))
        made = Embeddings([], Usage.none())
        for answer in await self._ask(batches):
            made.vectors += answer.vectors
            made.usage += answer.usage
            made.cached += answer.cached
        return made

    def _checked(self, one: str | TextBlock | MediaBlock, place: int) -> str | MediaBlock:
        if isinstance(one, MediaBlock):
            needed = "vision" if isinstance(one, ImageBlock) else "audio" if isinstance(one, AudioBlock) else "video"
            if needed not in self.info.capabilities:
                raise Unsupported(f"{self.info.id} embeds no {one.type}", provider=self.info.provider)
            return one
        text = one.text if isinstance(one, TextBlock) else one
        if not isinstance(text, str):
            raise BadInput(f"input {place} of embed() is a {type(text).__name__}", fix="Give texts or media blocks")
        if not text.strip():
            raise BadInput(f"input {place} of embed() is empty", fix="Leave it out: no provider embeds nothing")
        return text

    def _batches(self, inputs: Sequence[str | MediaBlock]) -> Iterator[list[str | MediaBlock]]:
        batch: list[str | MediaBlock] = []
        held = 0
        for one in inputs:
            size = len(one.encode(errors="replace")) if isinstance(one, str) else 0
            full = len(batch) == self.batch_size or (self.batch_bytes is not None and held + size > self.batch_bytes)
            if batch and full:
                yield batch
                batch, held = [], 0
            batch.append(one)
            held += size
        if batch:
            yield batch

    async def _ask(self, batches: Sequence[list[str | MediaBlock]]) -> list[Embeddings]:
        if len(batches) <= 1:
            return [await self._one(batch) for batch in batches]
        places = asyncio.Semaphore(self.parallel_batches)

        async def one(batch: list[str | MediaBlock]) -> Embeddings:
            async with places:
                return await self._one(batch)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(batch)) for batch in batches]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _one(self, batch: list[str | MediaBlock]) -> Embeddings:
        answer = await self.embed_batch(batch)
        if len(answer.vectors) != len(batch):
            raise self._wrong(f"{len(answer.vectors)} vectors for {len(batch)} inputs")
        wrong = [len(vector) for vector in answer.vectors if len(vector) != self.dimensions]
        if wrong:
            raise self._wrong(f"a vector of {wrong[0]} numbers where {self.dimensions} were asked for")
        return answer

    def _wrong(self, why: str) -> InvalidResponse:
        return InvalidResponse(f"the embeddings of {self.info.id} are wrong", provider=self.info.provider, why=why)
