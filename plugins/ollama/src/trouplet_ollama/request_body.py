"""Builds the body of POST /api/chat; what does not change between calls is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting, Unsupported
from trouplet.negotiation import tool_choice
from trouplet_http import KeptForm, OptionTable, extra_body, merged_options, thinking_level
from trouplet_ollama.tool_schemas import wrapped_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo, ModelRequest

RUNTIME_OPTIONS = frozenset({
    "draft_num_predict", "frequency_penalty", "main_gpu", "min_p", "mirostat", "mirostat_eta", "mirostat_tau",
    "num_batch", "num_ctx", "num_gpu", "num_keep", "num_predict", "num_thread", "numa", "penalize_newline",
    "presence_penalty", "repeat_last_n", "repeat_penalty", "seed", "stop", "temperature", "tfs_z", "top_k", "top_p",
    "typical_p", "use_mlock", "use_mmap",
})  # fmt: skip
"""Options of the model's run, which the API takes in ``options`` (ollama-python 0.6.3, Ollama's ``api.Options``)."""

_FIELDS = frozenset({"format", "keep_alive", "logprobs", "options", "shift", "think", "top_logprobs", "truncate"})
_SMALL_BUDGET, _MEDIUM_BUDGET = 2048, 8192


def _think(value: object) -> dict[str, object]:
    """The common option ``thinking``: a budget becomes the level that is nearest to it."""
    level = thinking_level(value)
    if isinstance(level, bool) or not isinstance(level, int):
        return {"think": level}
    if not level:
        return {"think": False}
    return {"think": "low" if level <= _SMALL_BUDGET else "medium" if level <= _MEDIUM_BUDGET else "high"}


def _stop(value: object) -> dict[str, object]:
    return {"stop": [value] if isinstance(value, str) else value}


def _options(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadSetting(
            f"options is a {type(value).__name__}", fix='Give a dict, for example options={"num_ctx": 8192}'
        )
    return {"options": value}


OPTIONS = OptionTable(
    RUNTIME_OPTIONS | _FIELDS,
    translations={
        "max_tokens": lambda value: {"num_predict": value},
        "options": _options,
        "stop": _stop,
        "thinking": _think,
    },
)


class RequestBody:
    """The bodies of one model's requests."""

    def __init__(self, info: ModelInfo, options: Mapping[str, object], *, stream: bool) -> None:
        OPTIONS.check(options)
        self._info = info
        self._options = options
        self._stream = stream
        self._fixed = self._fields(options)
        self._tools = KeptForm(wrapped_tools)

    def build(self, request: ModelRequest, messages: list[dict[str, object]]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        fields = self._fixed
        if request.options:
            OPTIONS.check(request.options)
            fields = self._fields(self._merged(request.options))
        body = {**fields, "messages": messages}
        choice = tool_choice(request)
        if choice not in (None, "auto", "none"):
            raise Unsupported(
                f"{self._info.id} cannot be made to call a tool: Ollama has no tool_choice",
                provider=self._info.provider,
                fix='Use tool_choice="auto"',
            )
        if request.tools and choice != "none":
            body["tools"] = self._tools.of(request.tools)
        if request.output_schema is not None:
            body["format"] = request.output_schema
        return body

    def _merged(self, options: Mapping[str, object]) -> dict[str, object]:
        merged = merged_options(self._options, options)
        mine, given = self._options.get("options"), options.get("options")
        if isinstance(mine, dict) and isinstance(given, dict):
            merged["options"] = {**mine, **given}
        return merged

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        fields = OPTIONS.body_fields(options)
        if fields.get("think") and "thinking" not in self._info.capabilities:
            raise BadSetting(
                f"{self._info.id} does not think aloud, as far as is known",
                fix='If it does, say so: capabilities=["thinking", ...], or await model.discover()',
            )
        runtime = dict(fields.pop("options", {}))  # type: ignore[call-overload]
        runtime |= {name: fields.pop(name) for name in list(fields) if name in RUNTIME_OPTIONS}
        if runtime:
            fields["options"] = runtime
        return {"model": self._info.name, "stream": self._stream, **fields, **extra_body(options)}
