"""The plugin: turns ``anthropic:…`` into models, token counters and formatters."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, EmbeddingModel, Formatter, TokenCounter

PROVIDER = "anthropic"


class AnthropicPlugin:
    """Claude, by Anthropic's Messages API."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what ``AnthropicChatModel`` takes, over the plugin's settings."""
        if provider != PROVIDER:
            return None
        from trouplet_anthropic.configured import configured_model

        return configured_model(self._context, model, config)

    @hookimpl
    def create_embedding_model(self, provider: str, model: str, config: Mapping[str, object]) -> EmbeddingModel | None:
        """Say that there are none."""
        if provider != PROVIDER:
            return None
        from trouplet.errors import BadSetting

        raise BadSetting(
            f"{provider}:{model} is not an embedding model",
            why="Anthropic has none",
            fix="Choose one of another provider: trouplet models lists them",
        )

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name Anthropic's current models."""
        from trouplet_anthropic.catalog import CATALOGUE

        return CATALOGUE.models(PROVIDER)

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter, for a model that takes what its capabilities say."""
        if name != PROVIDER:
            return None
        from trouplet_anthropic.configured import configured_formatter

        return configured_formatter(self._context, model, config)

    @hookimpl
    def create_token_counter(self, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
        """Make a counter that asks the API, or with ``offline=True`` one that estimates."""
        if provider != PROVIDER:
            return None
        from trouplet_anthropic.configured import configured_counter

        return configured_counter(self._context, model, config)
