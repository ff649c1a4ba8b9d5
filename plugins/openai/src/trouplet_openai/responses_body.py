"""Builds the body of POST /responses; what does not change between calls is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.negotiation import tool_choice
from trouplet.scope import note
from trouplet_completions.request_body import schema_name
from trouplet_completions.schemas import strict_schema
from trouplet_http import KeptForm, OptionTable, extra_body, merged_options
from trouplet_openai.reasoning import drop_sampling, effort_of, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelInfo, ModelRequest, ToolSchema

FIELDS = frozenset({
    "access_programs", "context_management", "image", "include", "max_output_tokens",
    "max_tool_calls", "metadata", "moderation", "parallel_tool_calls", "prompt", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store",
    "stream_options", "temperature", "text", "top_logprobs", "top_p", "truncation", "user",
})  # fmt: skip
"""The body fields of POST /responses that are a matter of taste (openai-python 3.54, October 2026)."""

_OWNED = {
    "background": "An answer is waited for: set a deadline instead",
    "input": "It comes from the request's messages",
    "instructions": "Use the agent's sys_prompt",
    "conversation": "Trouplet keeps the conversation itself",
    "previous_response_id": "Trouplet keeps the conversation itself",
    "seed": "The Responses API has no seed: make the model with api='chat'",
}


class ResponsesBody:
    """The bodies of one model's requests.

    A conversation is not stored at OpenAI unless ``store`` says so; the reasoning comes back encrypted instead.
    ``sampling`` says that the model takes sampling options also while it reasons, as OpenAI's own do not.
    """

    def __init__(self, info: ModelInfo, options: Mapping[str, object], *, stream: bool, sampling: bool) -> None:
        self._info = info
        self._sampling = sampling or "thinking" not in info.capabilities
        self._table = OptionTable(
            FIELDS | {"allowed_tools", "reasoning_effort", "reasoning_summary", "verbosity"},
            translations={
                "max_tokens": lambda value: {"max_output_tokens": value},
                "stop": lambda value: {"stop": value},
                "thinking": self._thinking,
            },
            settings=("api", "organization", "project"),
            owned=_OWNED,
        )
        self._table.check(options)
        self._options = options
        self._frame: dict[str, object] = {"model": info.name, "store": False}
        if "thinking" in info.capabilities:
            self._frame["include"] = ["reasoning.encrypted_content"]
        if stream:
            self._frame["stream"] = True
        self._fixed = self._fields(options)
        self._tools = KeptForm(wrapped_tools)
        self._format = KeptForm(_format)

    def build(self, request: ModelRequest, items: list[dict[str, object]]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        body = {**self._fixed, "input": items}
        if request.options:
            self._table.check(request.options)
            body = {**self._fields(merged_options(self._options, request.options)), "input": items}
        if body.pop("stop", None) is not None:
            note("stop was left out: the Responses API has no stop sequences (api='chat' has)")
        allowed = body.pop("allowed_tools", None)
        if request.tools:
            body["tools"] = self._tools.of(request.tools)
        else:
            body.pop("parallel_tool_calls", None)
        choice = _choice(request, allowed)
        if choice is not None:
            body["tool_choice"] = choice
        if request.output_schema is not None:
            body["text"] = merged(body, "text", format=self._format.of([request.output_schema]))
        if not self._sampling:
            drop_sampling(body, merged(body, "reasoning").get("effort"))
        return body

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        body = {**self._frame, **self._table.body_fields(options), **extra_body(options)}
        reasoning = {
            name: body.pop(f"reasoning_{name}") for name in ("effort", "summary") if f"reasoning_{name}" in body
        }
        if reasoning:
            body["reasoning"] = merged(body, "reasoning", **reasoning)
        if "verbosity" in body:
            body["text"] = merged(body, "text", verbosity=body.pop("verbosity"))
        return body

    def _thinking(self, value: object) -> dict[str, object]:
        effort = effort_of(self._info.name, value)
        made: dict[str, object] = {} if effort is None else {"reasoning_effort": effort}
        return {**made, "reasoning_summary": "auto"} if value else made


def _choice(request: ModelRequest, allowed: object) -> object:
    choice = tool_choice(request)
    if allowed is not None and request.tools and choice in (None, "auto", "required"):
        mode = "required" if choice == "required" else "auto"
        return {"type": "allowed_tools", "mode": mode, "tools": _allowed(request, allowed)}
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "function", "name": choice}


def _allowed(request: ModelRequest, allowed: object) -> list[dict[str, object]]:
    names = {tool.name for tool in request.tools}
    if not isinstance(allowed, (list, tuple)) or not allowed or not names.issuperset(allowed):
        raise BadSetting(f"allowed_tools={allowed!r}", fix=f"Give a list of the request's tools: {', '.join(names)}")
    return [{"type": "function", "name": name} for name in allowed]


def wrapped_tools(tools: Sequence[ToolSchema]) -> list[dict[str, object]]:
    """The wire form of tools; their schemas stay as they are."""
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": False,  # the API's own default would change the schema
        }
        for tool in tools
    ]


def _format(schemas: Sequence[Mapping[str, object]]) -> dict[str, object]:
    (schema,) = schemas
    strict = strict_schema(schema)
    return {
        "type": "json_schema",
        "name": schema_name(schema.get("title")),
        "schema": schema if strict is None else strict,
        "strict": strict is not None,
    }
