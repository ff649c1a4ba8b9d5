"""Structured output: what a run must give back, and the two ways of asking a model for it.

A model that knows JSON schemas answers in JSON when there are no tools; any other gets one more tool, for this run
only, whose arguments are the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from trouplet.errors import ConfigError, InvalidArguments
from trouplet.messages import Msg, TextBlock
from trouplet.model_io import ToolSchema
from trouplet.response import parse_arguments
from trouplet.tool_io import ToolTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.agent_run import Run
    from trouplet.messages import ContentBlock
    from trouplet.model_io import ModelInfo, ModelRequest
    from trouplet.run_state import RunState

T = TypeVar("T")

TOOL_NAME = "generate_response"


class OutputContract(Generic[T]):
    """One run's structured output: its schema, its check, and, once it is there, its value."""

    def __init__(self, output_type: type[T]) -> None:
        from pydantic import PydanticUserError, TypeAdapter

        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(output_type)
            schema = self._adapter.json_schema()
        except PydanticUserError as error:
            raise ConfigError(f"{output_type!r} is not usable as output_type", why=error.message) from error
        self._wrapped = schema.get("type") != "object" and "$ref" not in schema
        if self._wrapped:
            definitions = schema.pop("$defs", None)
            schema = {"type": "object", "properties": {"value": schema}, "required": ["value"]}
            if definitions:
                schema["$defs"] = definitions
        self.schema: Mapping[str, object] = schema
        self.value: T | None = None
        self.tool = OutputTool(self)
        self._data: dict[str, object] | None = None

    def check(self, data: Mapping[str, object]) -> None:
        """Validate the output and keep it; raises ``InvalidArguments`` with a text for the model."""
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            value = data["value"] if self._wrapped else data
            self.value = self._adapter.validate_json(to_json(value), strict=True)
        except KeyError:
            raise InvalidArguments("value: Field required") from None
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
            raise InvalidArguments("; ".join(problems)) from None
        self._data = dict(data)

    def prepare(self, request: ModelRequest, info: ModelInfo) -> None:
        """Ask for the output in this request."""
        request.output_schema = self.schema
        if not request.tools and "json_schema" in info.capabilities:
            return
        request.output_schema = None
        request.tools = (*request.tools, self.tool.schema)
        if "tool_choice" in info.capabilities:
            request.tool_choice = "required"

    def take_text(self, message: Msg, state: RunState) -> Msg | None:
        """Take an answer without calls; return what to tell the model when it is not the output."""
        try:
            self.check(parse_arguments(message.text.strip()))
        except InvalidArguments as error:
            return _hint(f"{error.what} {error.why}".strip(), self.tool.schema.name)
        state.output = self._data
        return None

    def deliver(self, state: RunState) -> None:
        """Note the output that came as a call."""
        state.output = self._data

    async def reply(self, run: Run) -> Msg:
        """Make the reply of a run whose output came as a call, and store it."""
        from pydantic_core import to_json

        reply = run.message([TextBlock(to_json(self._data).decode())])
        await run.memory.add([reply])
        return reply


class OutputTool:
    """The tool by which a model gives the output of a run."""

    def __init__(self, contract: OutputContract[Any]) -> None:
        self._contract = contract
        self.schema = ToolSchema(TOOL_NAME, "Give your final answer, in this form.", contract.schema)
        self.traits = ToolTraits(idempotent=True)

    def validate(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Check the output against its type."""
        self._contract.check(arguments)
        return arguments

    async def run(
        self, arguments: Mapping[str, object], emit: Callable[[tuple[ContentBlock, ...]], None]
    ) -> tuple[ContentBlock, ...]:
        """Accept the output."""
        return (TextBlock("Accepted."),)


def _hint(problem: str, tool: str) -> Msg:
    text = f"That is not the answer in the form that was asked for: {problem} Call {tool}, or answer in JSON."
    return Msg("system", f"<system-hint>{text}</system-hint>", "user")
