"""Messages in the form of DeepSeek's Chat Completions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trouplet.messages import ThinkingBlock
from trouplet.scope import note
from trouplet_completions import ChatCompletionsFormatter

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.messages import Msg
    from trouplet.model_io import ModelInfo
    from trouplet_http import MediaLoader

_REASONING = "reasoning_content"


class DeepSeekChatFormatter(ChatCompletionsFormatter):
    """The formatter for one user with one assistant; for several agents put ``MultiAgentFormatter`` around it.

    Once a conversation has tools, DeepSeek refuses an assistant's message without the reasoning that led to it, however
    old; without tools it ignores it (DeepSeek API docs, Thinking Mode, November 2026). So every message of the
    assistant says what it was, and if there was none, that it is empty. Reasoning that carries the mark of another
    provider is left out. Options are those of ``ChatCompletionsFormatter``; audio and video are not taken.
    """

    takes = frozenset(("image",))

    def __init__(
        self, *, names: bool = True, image_detail: str | None = None, media: Callable[[], MediaLoader] | None = None
    ) -> None:
        super().__init__(names=names, image_detail=image_detail, reasoning_field=_REASONING, media=media)

    @classmethod
    def for_model(cls, info: ModelInfo, *, media: Callable[[], MediaLoader] | None = None) -> DeepSeekChatFormatter:
        """Return the formatter of a model that takes what its capabilities say."""
        made = cls(media=media)
        made.fit(info)
        return made

    def fit(self, info: ModelInfo) -> None:
        """Take images if this model does."""
        super().fit(info)
        self.takes &= DeepSeekChatFormatter.takes

    def _assistant(self, msg: Msg) -> list[dict[str, object]]:
        made = super()._assistant(without_foreign_reasoning(msg))
        for wire in made:
            wire.setdefault(_REASONING, "")
        return made


def without_foreign_reasoning(msg: Msg) -> Msg:
    """Return the message without reasoning of other providers; DeepSeek's own carries no mark."""
    foreign = [block for block in msg.content if isinstance(block, ThinkingBlock) and block.extra]
    if not foreign:
        return msg
    kept = tuple([block for block in msg.content if block not in foreign])
    note("reasoning that did not come from deepseek was left out of what it was sent")
    return replace(msg, content=kept)
