"""Alibaba Cloud's native DashScope API: chat, token counts and embeddings."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_dashscope.chat import DashScopeChatModel as DashScopeChatModel
    from trouplet_dashscope.embedding import DashScopeEmbedding as DashScopeEmbedding
    from trouplet_dashscope.formatter import DashScopeChatFormatter as DashScopeChatFormatter
    from trouplet_dashscope.plugin import DashScopePlugin as DashScopePlugin
    from trouplet_dashscope.token_counter import DashScopeTokenCounter as DashScopeTokenCounter

_HOMES = {
    "DashScopeChatFormatter": "formatter",
    "DashScopeChatModel": "chat",
    "DashScopeEmbedding": "embedding",
    "DashScopePlugin": "plugin",
    "DashScopeTokenCounter": "token_counter",
}

__all__ = [
    "DashScopeChatFormatter",
    "DashScopeChatModel",
    "DashScopeEmbedding",
    "DashScopePlugin",
    "DashScopeTokenCounter",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
