"""Says why a provider is not there, and what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.discovery import normalized, scan
from trouplet.errors import PluginLoadError, ProviderNotInstalled, UnknownProvider
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.errors import TroupletError

KNOWN_PROVIDERS = {
    name: f"trouplet-{name}" for name in ("anthropic", "dashscope", "deepseek", "gemini", "local", "ollama", "openai")
} | {"openai-compatible": "trouplet-openai"}
"""Providers with a plugin of this project, and its distribution."""


def absent(provider: str, model: str, *, installed: Sequence[str]) -> TroupletError:
    """Return the error for a provider that no installed plugin names."""
    asked = f"{provider}:{model}"
    distribution = KNOWN_PROVIDERS.get(provider)
    if distribution is None:
        hint = did_you_mean(provider, {*installed, *KNOWN_PROVIDERS})
        listed = f"Installed: {', '.join(installed) or 'none'}"
        return UnknownProvider(f"unknown provider {provider!r} in {asked!r}", fix=f"{hint} {listed}".lstrip())
    for problem in scan().problems:
        if not problem.usable and normalized(problem.distribution) == distribution:
            return PluginLoadError(
                f"{asked!r} needs the plugin {distribution}, which is installed",
                plugin=provider,
                kind="models",
                distribution=problem.distribution,
                version=problem.version,
                why=problem.reason,
                fix=f"{problem.fix}. Details: trouplet plugins doctor",
            )
    return ProviderNotInstalled(asked, distribution=distribution)
