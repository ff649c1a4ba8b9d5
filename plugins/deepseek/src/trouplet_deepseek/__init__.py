"""DeepSeek's models, through its Chat Completions."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_deepseek.chat import DeepSeekChatModel as DeepSeekChatModel
    from trouplet_deepseek.formatter import DeepSeekChatFormatter as DeepSeekChatFormatter
    from trouplet_deepseek.plugin import DeepSeekPlugin as DeepSeekPlugin
    from trouplet_deepseek.token_counter import DeepSeekTokenCounter as DeepSeekTokenCounter

_HOMES = {
    "DeepSeekChatFormatter": "formatter",
    "DeepSeekChatModel": "chat",
    "DeepSeekPlugin": "plugin",
    "DeepSeekTokenCounter": "token_counter",
}

__all__ = ["DeepSeekChatFormatter", "DeepSeekChatModel", "DeepSeekPlugin", "DeepSeekTokenCounter"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
