"""Builds the body of POST /v1/messages; what does not change between calls is made once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from trouplet.model_io import ToolSchema
from trouplet.negotiation import tool_choice
from trouplet.scope import note
from trouplet_anthropic.caching import mark
from trouplet_anthropic.fitting import fit
from trouplet_anthropic.options import options_of
from trouplet_anthropic.schemas import StrictSchemas
from trouplet_anthropic.turns import Conversation, arrange
from trouplet_http import KeptForm, extra_body, merged_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.model_io import ModelInfo, ModelRequest
    from trouplet_anthropic.traits import Traits

_STREAMED_TOKENS = 64_000
_WHOLE_TOKENS = 16_000
_UNKNOWN_TOKENS = 8192


class _Forms(NamedTuple):
    """The wire form of tools, and of the answer's schema: None when there is none, or when it has no strict form."""

    tools: list[dict[str, object]]
    answer: dict[str, object] | None


class RequestBody:
    """The bodies of one model's requests."""

    def __init__(self, info: ModelInfo, traits: Traits, options: Mapping[str, object], *, stream: bool) -> None:
        self._table = options_of(traits)
        self._table.check(options)
        self._model = info.name
        self._traits = traits
        self._options = options
        self._stream = stream
        self._max_tokens = _answer_tokens(info.max_output, stream=stream)
        self._fixed = self._fields(options)
        self._plain = KeptForm[object, _Forms](lambda things: _forms(things, strict_tools=False))
        self._strict = KeptForm[object, _Forms](lambda things: _forms(things, strict_tools=True))

    def build(self, request: ModelRequest, messages: Sequence[dict[str, object]]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        options, body = self._options, dict(self._fixed)
        if request.options:
            self._table.check(request.options)
            options = merged_options(self._options, request.options)
            body = self._fields(options)
        if options.get("thinking") in (False, 0) and self._traits.thinking == "always":
            note("the model always thinks: it was asked to with little effort")
        conversation = arrange(messages, self._traits)
        system = self._add_schemas(body, request, conversation, strict_tools=options.get("strict_tools") is True)
        if system:
            body["system"] = system
        body["messages"] = conversation.turns
        choice = _choice(tool_choice(request), single=options.get("disable_parallel_tool_use") is True)
        if request.tools and choice is not None:
            body["tool_choice"] = choice
        fit(body, self._traits)
        if options.get("cache"):
            mark(body, options["cache"])
        return body

    def _add_schemas(
        self, body: dict[str, object], request: ModelRequest, conversation: Conversation, *, strict_tools: bool
    ) -> list[dict[str, object]]:
        """Add the tools and the answer's schema; return the system prompt, with a schema that has no strict form."""
        schema = request.output_schema
        if not request.tools and schema is None:
            return conversation.system
        forms = (self._strict if strict_tools else self._plain).of(
            [*request.tools, *([] if schema is None else [schema])]
        )
        if request.tools:
            body["tools"] = forms.tools
        if schema is None:
            return conversation.system
        if forms.answer is None:
            note("the schema of the answer is beyond what Claude enforces: it was told to the model instead")
            return [*conversation.system, _told(schema)]
        config = body.get("output_config")
        answer_format = {"type": "json_schema", "schema": forms.answer}
        body["output_config"] = {**(config if isinstance(config, dict) else {}), "format": answer_format}
        return conversation.system

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        fields: dict[str, object] = {"model": self._model, "max_tokens": self._max_tokens}
        if self._stream:
            fields["stream"] = True
        return {**fields, **self._table.body_fields(options), **extra_body(options)}


def _answer_tokens(max_output: int | None, *, stream: bool) -> int:
    """How long an answer may become when nobody says: the API wants to be told, and thinking counts too."""
    usual = _STREAMED_TOKENS if stream else _WHOLE_TOKENS
    return _UNKNOWN_TOKENS if max_output is None else min(usual, max_output)


def _choice(choice: str | None, *, single: bool) -> dict[str, object] | None:
    made: dict[str, object]
    match choice:
        case None:
            made = {"type": "auto"}
        case "auto" | "none":
            made = {"type": choice}
        case "required":
            made = {"type": "any"}
        case name:
            made = {"type": "tool", "name": name}
    if single and choice != "none":
        made["disable_parallel_tool_use"] = True
    return made if single or choice is not None else None


def _forms(things: Sequence[object], *, strict_tools: bool) -> _Forms:
    """Make the wire form of tools and, at the end, of the answer's schema."""
    strict = StrictSchemas()
    last = things[-1]
    answer = strict.answer(last) if isinstance(last, Mapping) else None
    tools = [tool for tool in things if isinstance(tool, ToolSchema)]
    return _Forms([tool_form(tool, strict if strict_tools else None) for tool in tools], answer)


def tool_form(tool: ToolSchema, strict: StrictSchemas | None = None) -> dict[str, object]:
    """Return the wire form of a tool; with ``strict``, Claude cannot get its arguments wrong, if that is possible."""
    made: dict[str, object] = {"name": tool.name}
    if tool.description:
        made["description"] = tool.description
    schema = strict.tool(tool.parameters) if strict is not None else None
    if schema is None:
        return {**made, "input_schema": tool.parameters}
    return {**made, "input_schema": schema, "strict": True}


def _told(schema: Mapping[str, object]) -> dict[str, object]:
    text = f"Answer with nothing but JSON that fits this schema: {json.dumps(schema, ensure_ascii=False)}"
    return {"type": "text", "text": text}
