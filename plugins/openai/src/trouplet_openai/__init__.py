"""OpenAI's Responses API, Chat Completions and embeddings, also at Azure and at compatible endpoints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_openai.chat import OpenAIChatModel as OpenAIChatModel
    from trouplet_openai.embedding import OpenAIEmbedding as OpenAIEmbedding
    from trouplet_openai.formatter import OpenAIChatFormatter as OpenAIChatFormatter
    from trouplet_openai.plugin import OpenAIPlugin as OpenAIPlugin
    from trouplet_openai.responses import OpenAIResponsesModel as OpenAIResponsesModel
    from trouplet_openai.responses_formatter import OpenAIResponsesFormatter as OpenAIResponsesFormatter
    from trouplet_openai.tiktoken_counter import TiktokenCounter as TiktokenCounter
    from trouplet_openai.token_counter import OpenAITokenCounter as OpenAITokenCounter

_HOMES = {
    "OpenAIChatFormatter": "formatter",
    "OpenAIChatModel": "chat",
    "OpenAIEmbedding": "embedding",
    "OpenAIPlugin": "plugin",
    "OpenAIResponsesFormatter": "responses_formatter",
    "OpenAIResponsesModel": "responses",
    "OpenAITokenCounter": "token_counter",
    "TiktokenCounter": "tiktoken_counter",
}

__all__ = [
    "OpenAIChatFormatter",
    "OpenAIChatModel",
    "OpenAIEmbedding",
    "OpenAIPlugin",
    "OpenAIResponsesFormatter",
    "OpenAIResponsesModel",
    "OpenAITokenCounter",
    "TiktokenCounter",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
