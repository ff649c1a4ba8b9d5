"""``CachedEmbedding``: an embedding model that asks only for what it has not been asked before."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from trouplet.messages import Base64Source, TextBlock
from trouplet.model_io import Embeddings, Usage
from trouplet_cache.canonical import digest, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from trouplet.messages import MediaBlock
    from trouplet.model_io import ModelInfo
    from trouplet.ports import EmbeddingModel
    from trouplet_cache.disk_store import DiskStore

    Input: TypeAlias = str | TextBlock | MediaBlock


class CachedEmbedding:
    """Puts a store before an embedding model, input by input.

    An input's key holds the model's name, the dimensions and what the model was made with (``info.options``). Media
    that are given by address are always asked for, since what is there may change. ``Embeddings.cached`` counts the
    inputs that came out of the store; what occurs twice in one call is asked for once.
    """

    def __init__(
        self,
        model: EmbeddingModel,
        store: DiskStore,
        *,
        ttl: float | None = None,
    ) -> None:
        self.model = model
        self._store = store
        self._ttl = ttl

    @property
    def info(self) -> ModelInfo:
        """What is known about the model."""
        return self.model.info

    @property
    def dimensions(self) -> int:
        """The length of its vectors."""
        return self.model.dimensions

    async def embed(self, inputs: Sequence[Input]) -> Embeddings:
        """Return one vector per input, in order; only those that are not stored are asked for."""
        if isinstance(inputs, str):
            return await self.model.embed(inputs)  # which says what is wrong with it
        keys = [self._key(one, place) for place, one in enumerate(inputs)]
        stored = await self._store.get_many([key for key in keys if _is_storable(key)])
        known = {key: vector for key, data in stored.items() if (vector := self._vector(data)) is not None}
        missing = {key: one for key, one in zip(keys, inputs, strict=True) if key not in known}
        cached = sum([key in known for key in keys])
        usage = Usage.none()
        if missing:
            answer = await self.model.embed(list(missing.values()))
            usage, cached = answer.usage, cached + answer.cached
            fresh = dict(zip(missing, answer.vectors, strict=True))
            known |= fresh
            await self._keep(fresh)
        return Embeddings([known[key] for key in keys], usage, cached)

    async def _keep(self, vectors: Mapping[str, list[float]]) -> None:
        values = {key: _packed(vector) for key, vector in vectors.items() if _is_storable(key)}
        await self._store.put_many(values, ttl=self._ttl)

    def _key(self, one: Input, place: int) -> str:
        """Return the key of an input; one that cannot be stored gets its place instead."""
        if isinstance(one, TextBlock):
            one = one.text
        if isinstance(one, str):
            content = {"text": one}
        elif isinstance(one.source, Base64Source):
            content = {"media_type": one.source.media_type, "data": one.source.data}
        else:
            return f"{_NOT_STORABLE}{place}"
        return digest({
            "model": self.info.id, "dimensions": self.dimensions, "options": plain(self.info.options), "input": content,
        })  # fmt: skip

    def _vector(self, data: bytes) -> list[float] | None:
        """Return a stored vector; None for one that is not of the model's length."""
        return _unpacked(data) if len(data) == 8 * self.dimensions else None


_NOT_STORABLE = "input "


def _is_storable(key: str) -> bool:
    return not key.startswith(_NOT_STORABLE)


def _packed(vector: Sequence[float]) -> bytes:
    """A vector as it was given: eight bytes a number, the lowest first."""
    numbers = array("d", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unpacked(data: bytes) -> list[float]:
    numbers = array("d", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
