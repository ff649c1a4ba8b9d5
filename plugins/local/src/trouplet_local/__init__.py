"""Real models inside the process: a GGUF file, llama.cpp, and nothing else to install or to sign up for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_local.catalogue import NamedModel as NamedModel
    from trouplet_local.chat import LocalChatModel as LocalChatModel
    from trouplet_local.engine import Engine as Engine
    from trouplet_local.formatter import LocalChatFormatter as LocalChatFormatter
    from trouplet_local.llama import Llama as Llama
    from trouplet_local.plugin import LocalPlugin as LocalPlugin
    from trouplet_local.settings import LocalSettings as LocalSettings
    from trouplet_local.weights import Weights as Weights

_HOMES = {
    "Engine": "engine",
    "Llama": "llama",
    "LocalChatFormatter": "formatter",
    "LocalChatModel": "chat",
    "LocalPlugin": "plugin",
    "LocalSettings": "settings",
    "NamedModel": "catalogue",
    "Weights": "weights",
}

__all__ = [
    "Engine", "Llama", "LocalChatFormatter", "LocalChatModel", "LocalPlugin", "LocalSettings", "NamedModel", "Weights",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)
