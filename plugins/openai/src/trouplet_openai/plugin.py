"""The plugin: turns ``openai:…``, ``azure:…`` and ``openai-compatible:…`` into models."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, EmbeddingModel, Formatter, TokenCounter

PROVIDERS = ("openai", "openai-compatible", "azure")
FORMATTERS = ("openai", "openai-responses")


class OpenAIPlugin:
    """OpenAI, Azure OpenAI, and endpoints that are compatible with their APIs."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what the models' classes take, over the plugin's settings."""
        if provider not in PROVIDERS:
            return None
        from trouplet_openai.configured import configured_model

        return configured_model(self._context, provider, model, config)

    @hookimpl
    def create_embedding_model(self, provider: str, model: str, config: Mapping[str, object]) -> EmbeddingModel | None:
        """Make an embedding model; ``config`` takes what ``OpenAIEmbedding`` takes."""
        if provider not in PROVIDERS:
            return None
        from trouplet_openai.configured import configured_embedding

        return configured_embedding(self._context, provider, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name OpenAI's current models."""
        from trouplet.catalogue import Catalogue

        return Catalogue.of_package("trouplet_openai").models("openai")

    @hookimpl
    def create_token_counter(self, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
        """Make a counter that asks the API, or with ``offline=True`` one that counts with tiktoken."""
        if provider not in PROVIDERS:
            return None
        from trouplet_openai.configured import configured_counter

        return configured_counter(self._context, provider, model, config)

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make a formatter; ``config`` takes what the formatters' classes take."""
        if name not in FORMATTERS:
            return None
        from trouplet_openai.configured import configured_formatter

        return configured_formatter(self._context, name, config)
