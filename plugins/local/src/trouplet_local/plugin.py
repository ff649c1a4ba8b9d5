"""The plugin: turns ``local:…`` into models that run in this process."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel, Formatter


class LocalPlugin:
    """Named models whose weights come from a package registry, and any GGUF file by its path."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a chat model; ``config`` takes ``LocalSettings`` and sampling options, over the plugin's settings."""
        if provider != "local":
            return None
        from trouplet_local.configured import configured_model

        return configured_model(self._context, model, config)

    @hookimpl
    def list_models(self) -> Iterable[ModelInfo]:
        """Name the models of the catalogue."""
        from trouplet.catalogue import Catalogue

        return Catalogue.of_package("trouplet_local").models("local")

    @hookimpl
    def create_formatter(self, name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
        """Make the formatter, which has no options."""
        if name != "local":
            return None
        if config:
            from trouplet.errors import BadSetting

            raise BadSetting(f"the formatter 'local' has no option {next(iter(config))!r}")
        from trouplet_local.formatter import LocalChatFormatter

        return LocalChatFormatter()
