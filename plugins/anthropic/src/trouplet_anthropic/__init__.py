"""Anthropic's Messages API, for Claude and for every endpoint that speaks the same protocol."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_anthropic.chat import AnthropicChatModel as AnthropicChatModel
    from trouplet_anthropic.documents import document as document
    from trouplet_anthropic.estimate import AnthropicTokenEstimate as AnthropicTokenEstimate
    from trouplet_anthropic.formatter import AnthropicFormatter as AnthropicFormatter
    from trouplet_anthropic.plugin import AnthropicPlugin as AnthropicPlugin
    from trouplet_anthropic.token_counter import AnthropicTokenCounter as AnthropicTokenCounter

_HOMES = {
    "AnthropicChatModel": "chat",
    "AnthropicFormatter": "formatter",
    "AnthropicPlugin": "plugin",
    "AnthropicTokenCounter": "token_counter",
    "AnthropicTokenEstimate": "estimate",
    "document": "documents",
}

__all__ = [
    "AnthropicChatModel",
    "AnthropicFormatter",
    "AnthropicPlugin",
    "AnthropicTokenCounter",
    "AnthropicTokenEstimate",
    "document",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
