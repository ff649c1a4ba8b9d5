"""Builds the body of POST …/generation; what does not change between calls is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting, Unsupported
from trouplet.negotiation import tool_choice
from trouplet.scope import note
from trouplet_completions import strict_schema
from trouplet_completions.request_body import schema_name
from trouplet_dashscope.options import options_of
from trouplet_dashscope.thinking import thinking_mode, thinks
from trouplet_http import KeptForm, extra_body, merged_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelInfo, ModelRequest, ToolSchema
    from trouplet_dashscope.thinking import ThinkingMode


class RequestBody:
    """The bodies of one model's requests. ``multimodal`` is the form of multimodal generation."""

    def __init__(self, info: ModelInfo, options: Mapping[str, object], *, multimodal: bool) -> None:
        self._info = info
        self._multimodal = multimodal
        self._mode: ThinkingMode = thinking_mode(info)
        self._table = options_of(self._mode)
        self._table.check(options)
        self._options = options
        self._fixed = self._parameters(options)
        self._tools = KeptForm(_wrapped_tools)
        self._format = KeptForm(_response_format)

    def thinks(self, options: Mapping[str, object]) -> bool:
        """Whether the model thinks in a call with these options."""
        return thinks(self._checked(options) if options else self._fixed, self._mode)

    def build(self, request: ModelRequest, messages: Sequence[dict[str, object]], *, stream: bool) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        options = merged_options(self._options, request.options) if request.options else self._options
        parameters = dict(self._checked(request.options) if request.options else self._fixed)
        if stream:
            parameters["incremental_output"] = True
        if self._mode == "always" and options.get("thinking") in (False, 0):
            note(f"{self._info.id} always thinks: that was not turned off")
        self._add_tools(parameters, request)
        if request.output_schema is not None:
            self._add_schema(parameters, request.output_schema)
        extra = dict(extra_body(options))
        return {
            "model": self._info.name,
            "input": {"messages": self._messages(messages)},
            "parameters": parameters | _fields(extra.pop("parameters", None)),
            **extra,
        }

    def _checked(self, options: Mapping[str, object]) -> dict[str, object]:
        self._table.check(options)
        return self._parameters(merged_options(self._options, options))

    def _parameters(self, options: Mapping[str, object]) -> dict[str, object]:
        fields = self._table.body_fields(options)
        if self._mode == "never" and fields.get("enable_thinking"):
            raise BadSetting(
                f"{self._info.id} does not think aloud, as far as is known",
                fix='If it does, say so: capabilities=["thinking", ...]',
            )
        return {"result_format": "message", **fields}

    def _add_tools(self, parameters: dict[str, object], request: ModelRequest) -> None:
        if not request.tools:
            parameters.pop("parallel_tool_calls", None)
        else:
            parameters["tools"] = self._tools.of(request.tools)
        choice = tool_choice(request)
        if choice == "required":
            choice = self._only_tool(request.tools)
        if choice not in (None, "auto", "none") and thinks(parameters, self._mode):
            note(f"{self._info.id} cannot be made to call a tool while it thinks: tool_choice is 'auto'")
            choice = "auto"
        if choice is not None:
            forced = {"type": "function", "function": {"name": choice}}
            parameters["tool_choice"] = choice if choice in ("auto", "none") else forced

    def _only_tool(self, tools: Sequence[ToolSchema]) -> str:
        """What 'required' comes to: the API has no word for it, but one tool can be named."""
        if len(tools) == 1:
            return tools[0].name
        note(f"{self._info.id} cannot be made to call one of several tools: tool_choice is 'auto'")
        return "auto"

    def _add_schema(self, parameters: dict[str, object], schema: Mapping[str, object]) -> None:
        if thinks(parameters, self._mode):
            raise Unsupported(
                f"{self._info.id} does not answer in JSON of a given schema while it thinks",
                provider=self._info.provider,
                fix="Ask with thinking=False, or use output_type, which asks every model in its own way",
            )
        parameters["response_format"] = self._format.of([schema])

    def _messages(self, messages: Sequence[dict[str, object]]) -> list[dict[str, object]]:
        made = [_with_parts(message) for message in messages] if self._multimodal else list(messages)
        if made and made[-1]["role"] == "assistant" and not made[-1].get("tool_calls"):
            made[-1] = {**made[-1], "partial": True}  # the model goes on from there
        return made


def _with_parts(message: dict[str, object]) -> dict[str, object]:
    """The message as multimodal generation has it: its text as a part of a list."""
    content = message.get("content")
    if not isinstance(content, str):
        return message
    return {**message, "content": [{"text": content}] if content else []}


def _fields(parameters: object) -> dict[str, object]:
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise BadSetting("extra_body sets 'parameters' to what is no dict", fix="Give parameters={name: value}")
    return parameters


def _wrapped_tools(tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
    return [_wrapped(tool) for tool in tools]


def _wrapped(tool: ToolSchema) -> dict[str, object]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
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
