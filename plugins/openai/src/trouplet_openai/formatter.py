"""``OpenAIChatFormatter``: messages in the form of Chat Completions."""

from trouplet_completions.formatter import ChatCompletionsFormatter as OpenAIChatFormatter

__all__ = ["OpenAIChatFormatter"]
