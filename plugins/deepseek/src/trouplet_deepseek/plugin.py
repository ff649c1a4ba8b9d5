"""The plugin: turns ``deepseek:…`` into models."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, Formatter, TokenCounter


class DeepSeekPlugin:
    """DeepSeek's models."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what ``DeepSeekChatModel`` takes, over the plugin's settings."""
        if provider != "deepseek":
            return None
        from trouplet_deepseek.configured import configured_model

        return configured_model(self._context, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name DeepSeek's current models."""
        from trouplet.catalogue import Catalogue

        return Catalogue.of_package("trouplet_deepseek").models("deepseek")

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter, for a model if one is given; ``config`` takes ``names`` and ``image_detail``."""
        if name != "deepseek":
            return None
        from trouplet_deepseek.configured import configured_formatter

        return configured_formatter(self._context, model, config)

    @hookimpl
    def create_token_counter(self, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
        """Make the counter of a model that runs with the option ``thinking`` in ``config``."""
        if provider != "deepseek":
            return None
        from trouplet_deepseek.configured import configured_token_counter

        return configured_token_counter(model, config)
