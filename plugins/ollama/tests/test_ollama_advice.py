"""What the errors of Ollama say to do."""

import socket

import pytest

from trouplet.errors import AuthenticationFailed, ConnectionFailed, RequestRejected
from trouplet.model_io import ToolSchema
from trouplet_http import RetryPolicy
from trouplet_ollama import OllamaChatModel, OllamaEmbedding


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_ollama_that_does_not_run_has_to_be_started(nobody, ask, stream):
    model = OllamaChatModel("qwen3", base_url=nobody, stream=stream, retry=RetryPolicy(max_retries=0))
    with pytest.raises(ConnectionFailed, match="ollama serve"):
        await ask(model)
    await model.aclose()


async def test_embeddings_and_discovery_say_it_too(nobody):
    once = RetryPolicy(max_retries=0)
    embedding = OllamaEmbedding("e", base_url=nobody, dimensions=3, retry=once)
    with pytest.raises(ConnectionFailed, match="ollama serve"):
        await embedding.embed(["a"])
    await embedding.aclose()
    model = OllamaChatModel("qwen3", base_url=nobody, retry=once)
    with pytest.raises(ConnectionFailed, match="ollama serve"):
        await model.discover()
    await model.aclose()


@pytest.mark.parametrize(
    ("status", "said", "kind", "fix"),
    [
        (404, "model 'qwen9' not found", RequestRejected, "ollama pull qwen9"),
        (401, "unauthorized", AuthenticationFailed, "ollama signin"),
        (400, "qwen9 does not support tools", RequestRejected, "c=tools"),
        (400, "qwen9 does not support thinking", RequestRejected, "thinking=False"),
    ],
)
async def test_a_refusal_says_what_to_type(peer, model, ask, status, said, kind, fix):
    peer.answers({"error": said}, status=status)
    with pytest.raises(kind, match=said) as caught:
        await ask(model("qwen9"), tools=[ToolSchema("t", "", {})])
    assert fix in caught.value.fix


async def test_other_refusals_keep_what_they_say(peer, model, ask):
    peer.answers({"error": "server busy, please try again"}, status=503)
    with pytest.raises(Exception, match="server busy") as caught:
        await ask(model())
    assert "ollama" not in caught.value.fix
