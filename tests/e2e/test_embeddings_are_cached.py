"""Embeddings of every provider: in batches, with the dimensions that were asked for, and asked for once."""

import json
from pathlib import Path

import pytest
from providers import EMBEDDINGS, embedding_contract

from trouplet.model_io import Usage
from trouplet_cache import CachedEmbedding, DiskStore


@pytest.mark.parametrize("provider", EMBEDDINGS)
async def test_what_was_embedded_comes_from_disk_the_next_time(provider: str, tmp_path: Path) -> None:
    suite = embedding_contract(provider)
    texts = [f"text {number}" for number in range(2 * suite.batch_size + 1)]
    store = DiskStore(tmp_path / "embeddings.sqlite3", max_entries=10_000, max_bytes=2**28)
    async with suite.peer(suite.answer) as peer:
        model = CachedEmbedding(peer.model, store)
        first = await model.embed(texts)
        asked = len(peer.server.requests)
        again = await model.embed([*texts, "another"])
        sizes = [len(suite.wire.inputs(json.loads(request.body))) for request in peer.server.requests]
    await store.aclose()
    assert asked >= 3
    assert max(sizes) <= suite.batch_size
    assert sizes[asked:] == [1]
    assert (first.cached, again.cached) == (0, len(texts))
    assert again.vectors[:-1] == first.vectors
    assert {len(vector) for vector in again.vectors} == {suite.dimensions}
    if suite.reports_usage:
        assert first.usage.input_tokens == len(texts)
        assert again.usage == Usage(1)
