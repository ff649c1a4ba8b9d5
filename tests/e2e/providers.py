"""Every provider of this repository as its contract test describes it: how to make a model, and how its wire looks."""

import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from trouplet.testing.contracts import HTTPEmbeddingContract, HTTPModelContract

PLUGINS = Path(__file__).parents[2] / "plugins"

CONTRACTS = {
    "openai": ("openai/tests/test_openai_contract.py", "TestOpenAIChatModel"),
    "openai-responses": ("openai/tests/test_openai_responses_contract.py", "TestOpenAIResponsesModel"),
    "anthropic": ("anthropic/tests/test_anthropic_contract.py", "TestAnthropicChatModel"),
    "gemini": ("gemini/tests/test_gemini_contract.py", "TestGeminiChatModel"),
    "dashscope": ("dashscope/tests/test_dashscope_contract.py", "TestDashScopeChatModel"),
    "ollama": ("ollama/tests/test_ollama_contract.py", "TestOllamaChatModel"),
    "deepseek": ("deepseek/tests/test_deepseek_contract.py", "TestDeepSeekChatModel"),
}


@cache
def contract(provider: str) -> HTTPModelContract:
    """The contract of a provider's model, which makes models and plays the provider."""
    path, name = CONTRACTS[provider]
    return getattr(_module(PLUGINS / path), name)()


def _module(path: Path) -> ModuleType:
    name = f"e2e_{path.parts[-3]}_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@asynccontextmanager
async def dashscope_server(fixtures: object) -> AsyncIterator[str]:
    """Run the fixture server of DashScope's plugin, which the vendor's own SDK has checked; its address."""
    server = _module(PLUGINS / "dashscope/tests/conftest.py").dashscope_server
    async with server(fixtures, key="k") as running:
        yield running.url


EMBEDDINGS = {
    "openai": ("openai/tests/test_openai_embedding.py", "TestOpenAIEmbedding"),
    "gemini": ("gemini/tests/test_gemini_contract.py", "TestGeminiEmbedding"),
    "dashscope": ("dashscope/tests/test_dashscope_contract.py", "TestDashScopeTextEmbedding"),
    "dashscope-multimodal": ("dashscope/tests/test_dashscope_contract.py", "TestDashScopeMultimodalEmbedding"),
    "ollama": ("ollama/tests/test_ollama_contract.py", "TestOllamaEmbedding"),
}


@cache
def embedding_contract(provider: str) -> HTTPEmbeddingContract:
    """The contract of a provider's embedding model."""
    path, name = EMBEDDINGS[provider]
    return getattr(_module(PLUGINS / path), name)()
