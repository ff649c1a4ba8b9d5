"""OpenAI Chat Completions, for OpenAI and for every endpoint that is compatible with them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_openai.chat import OpenAIChatModel as OpenAIChatModel
    from trouplet_openai.formatter import OpenAIChatFormatter as OpenAIChatFormatter
    from trouplet_openai.plugin import OpenAIPlugin as OpenAIPlugin

_HOMES = {"OpenAIChatFormatter": "formatter", "OpenAIChatModel": "chat", "OpenAIPlugin": "plugin"}

__all__ = ["OpenAIChatFormatter", "OpenAIChatModel", "OpenAIPlugin"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
