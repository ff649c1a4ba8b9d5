"""The Chat Completions protocol for provider plugins: messages, requests, answers, in each provider's dialect."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_completions.dialect import FIELDS as FIELDS
    from trouplet_completions.dialect import Dialect as Dialect
    from trouplet_completions.dialect import chat_options as chat_options
    from trouplet_completions.formatter import ChatCompletionsFormatter as ChatCompletionsFormatter
    from trouplet_completions.model import ChatCompletionsModel as ChatCompletionsModel
    from trouplet_completions.schemas import strict_schema as strict_schema
    from trouplet_completions.tool_call_deltas import ToolCallDeltas as ToolCallDeltas

_HOMES = {
    "FIELDS": "dialect",
    "ChatCompletionsFormatter": "formatter",
    "ChatCompletionsModel": "model",
    "Dialect": "dialect",
    "ToolCallDeltas": "tool_call_deltas",
    "chat_options": "dialect",
    "strict_schema": "schemas",
}

__all__ = [
    "FIELDS",
    "ChatCompletionsFormatter",
    "ChatCompletionsModel",
    "Dialect",
    "ToolCallDeltas",
    "chat_options",
    "strict_schema",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
