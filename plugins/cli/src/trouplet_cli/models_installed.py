"""The providers that are installed and the models that they know, read from data.

A provider is imported only when it is asked for and has no data (``trouplet.catalogue``). Blocked plugins are left out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet.config import Settings
from trouplet.discovery import KERNEL, scan
from trouplet.errors import ConfigError, PluginConflict, PluginNotFound
from trouplet.selection import RESERVED, Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.discovery import PluginEntry
    from trouplet.errors import TroupletError
    from trouplet.model_io import ModelInfo


@dataclass(slots=True)
class Provider:
    """A provider that may be used.

    ``source`` is its distribution with the version. ``models`` is None when only the plugin itself could tell them.
    """

    name: str
    source: str
    catalogue: Catalogue
    models: Sequence[ModelInfo] | None

    def info(self, model: str) -> ModelInfo:
        """Return what is known, or assumed, about one of its models."""
        told = [info for info in self.models or () if info.name == model]
        return told[0] if told else self.catalogue.info(self.name, model)

    def known_name(self, model: str) -> str | None:
        """Return the name under which a model is known, or None."""
        if any(info.name == model for info in self.models or ()):
            return model
        return self.catalogue.known_name(self.name, model)


class InstalledModels:
    """What is installed, under the rules of the settings. Nothing is imported before ``ask``."""

    def __init__(self) -> None:
        self.index = scan()
        self.settings = Settings(os.environ)
        self.rules = Selection.configured(self.settings)

    def names(self) -> list[str]:
        """Return the names of the providers that may be used, the kernel's own among them."""
        claims = [entry for entry in self.index.entries if entry.kind == "models" and not self.rules.refusal(entry)]
        return sorted({entry.name for entry in claims} | RESERVED)

    def providers(self) -> tuple[list[Provider], list[TroupletError]]:
        """Return every provider that may be used, and the errors of those that cannot."""
        found: list[Provider] = []
        failures: list[TroupletError] = []
        for name in self.names():
            try:
                found.append(self.provider(name))
            except (ConfigError, PluginConflict) as error:
                failures.append(error)
        return found, failures

    def provider(self, name: str, model: str = "") -> Provider:
        """Return one provider; raises the error that says why it cannot be used."""
        if name in RESERVED:
            return Provider(name, KERNEL, Catalogue(), self._told(name))
        entry = self._entry(name, model)
        catalogue = Catalogue.of_plugin(entry)
        return Provider(name, entry.source, catalogue, catalogue.models(name) if catalogue.path else None)

    def ask(self, provider: Provider) -> Provider:
        """Return a provider with its models: its plugin is loaded if its data do not tell them."""
        if provider.models is None:
            provider.models = self._told(provider.name)
        return provider

    def _entry(self, name: str, model: str) -> PluginEntry:
        try:
            return self.rules.choose(self.index, "models", name)
        except PluginNotFound:
            from trouplet.providers import absent

            raise absent(name, model, installed=self.names()) from None

    def _told(self, name: str) -> list[ModelInfo]:
        """Load one plugin, and no other, and let it list its models."""
        from trouplet import Kernel
        from trouplet.builtin import BUILTIN_PLUGINS
        from trouplet.plugin_manager import PluginManager

        kernel = Kernel(environ={**os.environ, "TROUPLET_PLUGINS": ""})
        rules = Selection.configured(self.settings, allow=[f"models:{name}"])
        builtins = BUILTIN_PLUGINS if name in RESERVED else ()
        infos, failures = PluginManager(rules, kernel.context, builtins=builtins).list_models()
        if failures:
            raise failures[0]
        return [info for info in infos if info.provider == name]
