"""One completion of llama.cpp: its chunks in, text, usage and ``Finish`` out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import StreamInterrupted
from trouplet.model_io import Finish, Usage

if TYPE_CHECKING:
    from typing import Any

    from trouplet.model_io import FinishReason, ModelInfo

_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class Turn:
    """Notes what the chunks of one completion say besides their text; ``before`` is what earlier attempts used."""

    def __init__(self, info: ModelInfo, before: Usage | None = None) -> None:
        self.reason: FinishReason | None = None
        self.usage = before or Usage.none()
        self._info = info
        self._id = ""
        self._timings: dict[str, object] = {}
        self._text: list[str] = []

    def take(self, chunk: dict[str, Any]) -> str:
        """Take the next chunk and return its text."""
        self._id = chunk.get("id", self._id)
        if "usage" in chunk:
            self.usage += _usage(chunk["usage"])
        self._timings = chunk.get("timings", self._timings)
        choices = chunk.get("choices")
        if not choices:
            return ""
        reason = choices[0].get("finish_reason")
        if reason is not None:
            self.reason = _REASONS.get(reason, "other")
        text = choices[0].get("delta", {}).get("content") or ""
        if text:
            self._text.append(text)
        return text

    def check_complete(self) -> None:
        """Raise ``StreamInterrupted`` when the model did not say that it was finished."""
        if self.reason is None:
            raise StreamInterrupted(
                "the local model stopped before its answer was complete", provider="local", partial="".join(self._text)
            )

    def finish(self, *, called: bool = False) -> Finish:
        """Return the end of the answer; ``called`` says that it was a tool call."""
        assert self.reason is not None, "only complete answers are finished"
        reason = "tool_calls" if called and self.reason == "stop" else self.reason
        return Finish(reason, self.usage, self._id, self._info.name, {"timings": self._timings})


def _usage(told: dict[str, Any]) -> Usage:
    return Usage(
        input_tokens=told.get("prompt_tokens", 0),
        output_tokens=told.get("completion_tokens", 0),
        cached_tokens=(told.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
    )
