"""Embeddings, beyond the contract."""

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, InvalidResponse
from trouplet_ollama import OllamaEmbedding


@pytest.fixture
async def k(tmp_path):
    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        yield kernel


def vectors(*numbers, **fields):
    return {"model": "e", "embeddings": [[number] * 384 for number in numbers], **fields}


async def test_a_known_model_has_the_length_of_its_vectors_and_is_not_asked_for_one(k, peer):
    peer.answers(vectors(0.1, 0.2, prompt_eval_count=4))
    model = k.embedding_model("ollama:all-minilm:33m", base_url=peer.url, keep_alive="1h")
    made = await model.embed(["a", "b"])
    assert (model.dimensions, [vector[0] for vector in made.vectors]) == (384, [0.1, 0.2])
    assert made.usage.input_tokens == 4
    body = peer.bodies[0]
    assert body == {"model": "all-minilm:33m", "truncate": False, "keep_alive": "1h", "input": ["a", "b"]}
    assert peer.requests[0].path == "/api/embed"


async def test_dimensions_that_are_given_are_asked_for(k, peer):
    peer.answers(vectors(0.1))
    model = k.embedding_model("ollama:qwen3-embedding:4b", base_url=peer.url, dimensions=384, truncate=True)
    await model.embed(["a"])
    assert (peer.bodies[0]["dimensions"], peer.bodies[0]["truncate"]) == (384, True)


async def test_a_model_of_unknown_length_has_to_be_told_it(k):
    with pytest.raises(BadSetting, match="dimensions"):
        k.embedding_model("ollama:mine")
    with pytest.raises(BadSetting, match="at least 1"):
        k.embedding_model("ollama:mine", dimensions=0)
    assert k.embedding_model("ollama:mine", dimensions=12).info.dimensions == 12


async def test_settings_for_chat_are_not_those_of_embeddings(tmp_path, peer):
    peer.answers(vectors(0.1))
    config = {"ollama": {"base_url": peer.url, "keep_alive": "2h", "num_ctx": 4096, "temperature": 0.1}}
    async with Kernel(environ={}, config=config, data_dir=tmp_path, cache_dir=tmp_path) as k:
        await k.embedding_model("ollama:all-minilm").embed(["a"])
    assert peer.bodies[0]["keep_alive"] == "2h"
    assert "options" not in peer.bodies[0]


@pytest.mark.parametrize("form", [[0.5] * 3, [[0.5] * 3]])
async def test_the_old_name_of_the_vectors_is_understood(peer, form):
    peer.answers({"embedding": form})
    model = OllamaEmbedding("e", base_url=peer.url, dimensions=3)
    assert (await model.embed(["a"])).vectors == [[0.5] * 3]
    await model.aclose()


@pytest.mark.parametrize("said", [{}, {"embeddings": []}, {"embeddings": [["a"]]}, {"embeddings": {"0": [1.0]}}])
async def test_an_answer_without_vectors_is_none(peer, said):
    peer.answers(said)
    model = OllamaEmbedding("e", base_url=peer.url, dimensions=1)
    with pytest.raises(InvalidResponse):
        await model.embed(["a"])
    await model.aclose()
