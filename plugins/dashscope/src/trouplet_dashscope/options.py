"""The options of text and multimodal generation, which are the ``parameters`` of a request.

Sources: the DashScope API reference for Qwen and ``dashscope`` 2.0.2 (November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_dashscope.thinking import thinking_fields
from trouplet_http import OptionTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet_dashscope.thinking import ThinkingMode

_FIELDS = frozenset({
    "asr_options", "enable_code_interpreter", "enable_search", "enable_thinking", "logprobs", "max_input_tokens",
    "max_tokens", "ocr_options", "parallel_tool_calls", "presence_penalty", "preserve_thinking", "reasoning_effort",
    "repetition_penalty", "response_format", "search_options", "seed", "stop", "temperature", "thinking_budget",
    "top_k", "top_logprobs", "top_p", "translation_options", "vl_enable_image_hw_output", "vl_high_resolution_images",
})  # fmt: skip

_OWNED = {
    "incremental_output": "Streams are incremental",
    "n": "An answer is one message: call the model again",
    "result_format": "Answers are messages",
}


def options_of(mode: ThinkingMode) -> OptionTable:
    """Return the options of a model that thinks in this mode."""

    def thinking(value: object) -> Mapping[str, object]:
        return thinking_fields(value, mode)

    return OptionTable(
        _FIELDS,
        translations={"thinking": thinking},
        settings=("multimodal", "region", "workspace"),
        owned=_OWNED,
    )
