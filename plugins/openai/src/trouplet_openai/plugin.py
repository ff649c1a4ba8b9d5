"""The plugin: turns ``openai:…`` and ``openai-compatible:…`` into models."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, Formatter

PROVIDERS = ("openai", "openai-compatible")


class OpenAIPlugin:
    """OpenAI, and endpoints that are compatible with its Chat Completions."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes what ``OpenAIChatModel`` takes, over the plugin's settings."""
        if provider not in PROVIDERS:
            return None
        from trouplet_openai.configured import configured_model

        return configured_model(self._context, provider, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name OpenAI's current models."""
        from trouplet_openai.catalog import MODELS

        return MODELS

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter; ``config`` takes what ``OpenAIChatFormatter`` takes."""
        if name != "openai":
            return None
        from trouplet_openai.configured import configured_formatter

        return configured_formatter(self._context, config)
