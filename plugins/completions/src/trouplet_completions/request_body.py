"""Builds the body of POST /chat/completions; what does not change between calls is made once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.negotiation import tool_choice
from trouplet_completions.schemas import strict_schema
from trouplet_http import KeptForm, extra_body, merged_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelRequest, ToolSchema
    from trouplet_completions.dialect import Dialect


class RequestBody:
    """The bodies of one model's requests."""

    def __init__(self, model: str, options: Mapping[str, object], dialect: Dialect, *, stream: bool) -> None:
        dialect.options.check(options)
        self._model = model
        self._options = options
        self._dialect = dialect
        self._stream = stream
        self._fixed = self._fields(options)
        self._tools = KeptForm(_wrapped_tools)
        self._format = KeptForm(_response_format)

    def build(self, request: ModelRequest, messages: list[dict[str, object]]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        body = {**self._fixed, "messages": messages}
        if request.options:
            self._dialect.options.check(request.options)
            body = {**self._fields(merged_options(self._options, request.options)), "messages": messages}
        if request.tools:
            body["tools"] = self._tools.of(request.tools)
        else:
            body.pop("parallel_tool_calls", None)  # refused without tools
        choice = tool_choice(request)
        if choice is not None:
            body["tool_choice"] = _choice(choice)
        if request.output_schema is not None:
            body["response_format"] = self._format.of([request.output_schema])
        if self._dialect.adapt is not None:
            self._dialect.adapt(body, request)
        return body

    def streams(self, options: Mapping[str, object]) -> bool:
        """Whether the answer is streamed. Spoken answers are not: the protocol streams raw samples only."""
        modalities = options.get("modalities") or self._options.get("modalities")
        return self._stream and not (isinstance(modalities, (list, tuple)) and "audio" in modalities)

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        fields: dict[str, object] = {"model": self._model}
        if self.streams(options):
            fields["stream"] = True
            if self._dialect.include_usage:
                fields["stream_options"] = {"include_usage": True}
        return {**fields, **self._dialect.options.body_fields(options), **extra_body(options)}


def _choice(choice: str) -> object:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _wrapped_tools(tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
    return [_wrapped(tool) for tool in tools]


def _wrapped(tool: ToolSchema) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters
    return {"type": "function", "function": function}


def _response_format(schemas: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The ``response_format`` for a schema: strict when the schema has a strict form."""
    (schema,) = schemas
    strict = strict_schema(schema)
    return {
        "type": "json_schema",
        "json_schema": {
            "name": schema_name(schema.get("title")),
            "schema": schema if strict is None else strict,
            "strict": strict is not None,
        },
    }


def schema_name(title: object) -> str:
    """A name in the form that the API takes: at most 64 of ``a-zA-Z0-9_-``."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", title)[:64].strip("_") if isinstance(title, str) else ""
    return name or "answer"
