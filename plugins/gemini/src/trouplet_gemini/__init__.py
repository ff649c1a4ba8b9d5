"""Google's Gemini API: chat models, their formatter, token counts and embeddings."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_gemini.chat import GeminiChatModel as GeminiChatModel
    from trouplet_gemini.embedding import GeminiEmbedding as GeminiEmbedding
    from trouplet_gemini.formatter import GeminiFormatter as GeminiFormatter
    from trouplet_gemini.plugin import GeminiPlugin as GeminiPlugin
    from trouplet_gemini.token_counter import GeminiTokenCounter as GeminiTokenCounter

_HOMES = {
    "GeminiChatModel": "chat",
    "GeminiEmbedding": "embedding",
    "GeminiFormatter": "formatter",
    "GeminiPlugin": "plugin",
    "GeminiTokenCounter": "token_counter",
}

__all__ = ["GeminiChatModel", "GeminiEmbedding", "GeminiFormatter", "GeminiPlugin", "GeminiTokenCounter"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
