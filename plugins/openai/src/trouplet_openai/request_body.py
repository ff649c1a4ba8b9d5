"""Builds the body of POST /chat/completions; what does not change between calls is made once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_openai.catalog import is_openai, needs_no_effort, speaks_completion_tokens
from trouplet_openai.options import body_fields, check_options, merged_options
from trouplet_openai.strict_schema import strict_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelRequest, ToolSchema


class RequestBody:
    """The bodies of one model's requests."""

    def __init__(
        self, model: str, options: Mapping[str, object], *, base_url: str, stream: bool, include_usage: bool
    ) -> None:
        check_options(options)
        self._model = model
        self._options = options
        self._stream = stream
        self._include_usage = include_usage
        self._completion_tokens = speaks_completion_tokens(base_url)
        self._effort_none_with_tools = is_openai(base_url) and needs_no_effort(model)
        self._fixed = self._fields(options)
        self._tools = _WrappedTools()
        self._format = _ResponseFormat()

    def build(self, request: ModelRequest, messages: list[dict[str, object]]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        body = {**self._fixed, "messages": messages}
        if request.options:
            check_options(request.options)
            body = {**self._fields(merged_options(self._options, request.options)), "messages": messages}
        if request.tools:
            self._add_tools(body, request)
        else:
            body.pop("parallel_tool_calls", None)  # refused without tools
        self._add_choice(body, request)
        if request.output_schema is not None:
            body["response_format"] = self._format.of(request.output_schema)
        return body

    def streams(self, options: Mapping[str, object]) -> bool:
        """Whether the answer is streamed. Spoken answers are not: the protocol streams raw samples only."""
        modalities = options.get("modalities") or self._options.get("modalities")
        return self._stream and not (isinstance(modalities, (list, tuple)) and "audio" in modalities)

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        fields: dict[str, object] = {"model": self._model}
        if self.streams(options):
            fields["stream"] = True
            if self._include_usage:
                fields["stream_options"] = {"include_usage": True}
        return fields | body_fields(options, completion_tokens=self._completion_tokens)

    def _add_tools(self, body: dict[str, object], request: ModelRequest) -> None:
        body["tools"] = self._tools.of(request.tools)
        if self._effort_none_with_tools:
            body.setdefault("reasoning_effort", "none")

    def _add_choice(self, body: dict[str, object], request: ModelRequest) -> None:
        choice = request.tool_choice
        if choice is None or (not request.tools and choice in ("auto", "none")):
            return
        names = [tool.name for tool in request.tools]
        if choice in names:
            body["tool_choice"] = {"type": "function", "function": {"name": choice}}
        elif choice in ("auto", "none") or (choice == "required" and names):
            body["tool_choice"] = choice
        else:
            raise _bad_choice(choice, names)


def _bad_choice(choice: str, names: list[str]) -> BadSetting:
    return BadSetting(
        f"tool_choice={choice!r}, and the request has no such tool",
        why=did_you_mean(choice, names),
        fix=f"Its tools: {', '.join(names) or 'none'}. Other values: auto, none, required",
    )


class _WrappedTools:
    """The wire form of the tools of the last request; most requests of a run have the same ones."""

    def __init__(self) -> None:
        self._tools: list[ToolSchema] = []
        self._wrapped: list[dict[str, object]] = []

    def of(self, tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
        """Return the wire form, the same object as last time for the same tools."""
        known = self._tools
        if len(known) != len(tools) or not all([a is b for a, b in zip(known, tools, strict=True)]):
            self._wrapped = [_wrapped(tool) for tool in tools]
            self._tools = list(tools)
        return self._wrapped


def _wrapped(tool: ToolSchema) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters
    return {"type": "function", "function": function}


class _ResponseFormat:
    """The ``response_format`` of the last schema that was asked for."""

    def __init__(self) -> None:
        self._schema: Mapping[str, object] | None = None
        self._format: dict[str, object] = {}

    def of(self, schema: Mapping[str, object]) -> dict[str, object]:
        """Return the ``response_format`` for a schema: strict when the schema has a strict form."""
        if schema is not self._schema:
            strict = strict_schema(schema)
            self._format = {
                "type": "json_schema",
                "json_schema": {
                    "name": _schema_name(schema.get("title")),
                    "schema": schema if strict is None else strict,
                    "strict": strict is not None,
                },
            }
            self._schema = schema
        return self._format


def _schema_name(title: object) -> str:
    """A name in the form that the API takes: at most 64 of ``a-zA-Z0-9_-``."""
    name = re.sub(r"[^a-zA-Z0-9_-]+", "_", title)[:64].strip("_") if isinstance(title, str) else ""
    return name or "answer"
