"""The plugin: turns ``dashscope:…`` into models."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, EmbeddingModel, Formatter, TokenCounter


class DashScopePlugin:
    """The models of Alibaba Cloud's Model Studio, through its own API."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what ``DashScopeChatModel`` takes, over the plugin's settings."""
        if provider != "dashscope":
            return None
        from trouplet_dashscope.configured import configured_model

        return configured_model(self._context, model, config)

    @hookimpl
    def create_embedding_model(self, provider: str, model: str, config: Mapping[str, object]) -> EmbeddingModel | None:
        """Make an embedding model; ``config`` takes what ``DashScopeEmbedding`` takes."""
        if provider != "dashscope":
            return None
        from trouplet_dashscope.configured import configured_embedding

        return configured_embedding(self._context, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name the models that are known."""
        from trouplet.catalogue import Catalogue

        return Catalogue.of_package("trouplet_dashscope").models("dashscope")

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter, for a model if one is given."""
        if name != "dashscope":
            return None
        from trouplet_dashscope.configured import configured_formatter

        return configured_formatter(self._context, model, config)

    @hookimpl
    def create_token_counter(self, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
        """Make the counter, which counts on this machine with Qwen's own vocabulary."""
        if provider != "dashscope":
            return None
        from trouplet_dashscope.configured import configured_token_counter

        return configured_token_counter(self._context, model, config)
