"""The plugin: turns ``gemini:…`` into models, formatters, token counters and embedding models."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, EmbeddingModel, Formatter, TokenCounter

PROVIDER = "gemini"


class GeminiPlugin:
    """Google's Gemini API."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what ``GeminiChatModel`` takes, over the plugin's settings."""
        if provider != PROVIDER:
            return None
        from trouplet_gemini.configured import configured_model

        return configured_model(self._context, model, config)

    @hookimpl
    def create_embedding_model(self, provider: str, model: str, config: Mapping[str, object]) -> EmbeddingModel | None:
        """Make an embedding model; ``config`` takes what ``GeminiEmbedding`` takes."""
        if provider != PROVIDER:
            return None
        from trouplet_gemini.configured import configured_embedding

        return configured_embedding(self._context, model, config)

    @hookimpl
    def create_token_counter(self, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
        """Make a token counter; ``config`` takes what ``GeminiTokenCounter`` takes."""
        if provider != PROVIDER:
            return None
        from trouplet_gemini.configured import configured_counter

        return configured_counter(self._context, model, config)

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter; ``config`` takes what ``GeminiFormatter`` takes."""
        if name != PROVIDER:
            return None
        from trouplet_gemini.configured import configured_formatter

        return configured_formatter(self._context, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name Google's current models."""
        from trouplet.catalogue import Catalogue

        return Catalogue.of_package("trouplet_gemini").models(PROVIDER)
