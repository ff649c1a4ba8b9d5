"""Ollama's own API: chat and embeddings, on this machine or in Ollama's cloud."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_ollama.chat import OllamaChatModel as OllamaChatModel
    from trouplet_ollama.embedding import OllamaEmbedding as OllamaEmbedding
    from trouplet_ollama.formatter import OllamaChatFormatter as OllamaChatFormatter
    from trouplet_ollama.plugin import OllamaPlugin as OllamaPlugin
    from trouplet_ollama.token_counter import OllamaTokenCounter as OllamaTokenCounter

_HOMES = {
    "OllamaChatFormatter": "formatter",
    "OllamaChatModel": "chat",
    "OllamaEmbedding": "embedding",
    "OllamaPlugin": "plugin",
    "OllamaTokenCounter": "token_counter",
}

__all__ = ["OllamaChatFormatter", "OllamaChatModel", "OllamaEmbedding", "OllamaPlugin", "OllamaTokenCounter"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
