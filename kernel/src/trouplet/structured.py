"""Structured output: what a run must give back, and the three ways of asking a model for it.

A model that knows JSON schemas answers in JSON of the schema (*native*); one that does not, or not beside tools, gets
one more tool, for this run only, whose arguments are the output (*tool*); one without tools is told the schema
(*prompted*). Whatever comes is validated, and a model that got it wrong is told what is wrong with it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from trouplet.errors import ConfigError, InvalidArguments, OutputMissing
from trouplet.messages import Msg, TextBlock
from trouplet.model_io import ToolSchema
from trouplet.response import parse_arguments
from trouplet.tool_io import ToolTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import UnionType

    from trouplet.agent_run import Run
    from trouplet.messages import ContentBlock
    from trouplet.model_io import ModelInfo, ModelRequest
    from trouplet.run_state import RunState

T = TypeVar("T")

TOOL_NAME = "generate_response"
MAX_REJECTED = 3
"""Outputs of a run that may be wrong before it fails."""


class OutputContract(Generic[T]):
    """One run's structured output: its schema, its check, and, once it is there, its value.

    ``by_tool`` says that the last request asked for it as the arguments of a call.
    """

    def __init__(self, output_type: type[T] | UnionType) -> None:
        from pydantic import PydanticUserError, TypeAdapter

        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(cast("type[Any]", output_type))
            schema = self._adapter.json_schema()
        except PydanticUserError as error:
            raise ConfigError(f"{output_type!r} is not usable as output_type", why=error.message) from error
        self._wrapped = schema.get("type") != "object"
        if self._wrapped:
            definitions = schema.pop("$defs", None)
            schema = {"type": "object", "properties": {"value": schema}, "required": ["value"]}
            if definitions:
                schema["$defs"] = definitions
        self.schema: Mapping[str, object] = schema
        self.value: T | None = None
        self.tool = OutputTool(self)
        self._data: dict[str, object] | None = None
        self._problems: list[str] = []
        self.by_tool = False

    def check(self, data: Mapping[str, object]) -> None:
        """Validate the output and keep it; raises ``InvalidArguments`` with a text for the model."""
        problem = self._keep(data)
        if problem:
            self._problems.append(problem)
            raise InvalidArguments(problem)

    def _keep(self, data: Mapping[str, object]) -> str:
        """Keep the output if it is valid; return what is wrong with it."""
        from pydantic import ValidationError
        from pydantic_core import to_json

        if self._wrapped and "value" not in data:
            return "value: Field required"
        try:
            self.value = self._adapter.validate_json(to_json(data["value"] if self._wrapped else data), strict=True)
        except ValidationError as error:
            return "; ".join([f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)])
        self._data = dict(data)
        return ""

    def prepare(self, request: ModelRequest, info: ModelInfo) -> None:
        """Ask for the output in this request, in the way that the model knows best.

        Raises ``OutputMissing`` when the model has got it wrong too often.
        """
        if len(self._problems) > MAX_REJECTED:
            attempts = len(self._problems)
            raise OutputMissing(
                f"{info.id} gave no valid output in {attempts} attempts", why=f"The last: {self._problems[-1]}"
            )
        able = info.capabilities
        self.by_tool = False
        if ("json_schema_tools" if request.tools else "json_schema") in able:
            request.output_schema = self.schema
        elif "tools" in able:
            self.by_tool = True
            request.tools = (*request.tools, self.tool.schema)
            if "tool_choice" in able:
                request.tool_choice = "required"
        else:
            request.messages = [*request.messages, self._instruction]

    @cached_property
    def _instruction(self) -> Msg:
        return _hint(f"Answer with nothing but {self._described}")

    @property
    def _described(self) -> str:
        from json import dumps

        return f"JSON that fits this schema: {dumps(self.schema, ensure_ascii=False)}"

    def take_text(self, message: Msg, state: RunState) -> Msg | None:
        """Take an answer without calls; return what to tell the model when it is not the output."""
        problem = self._problem_of(message.text)
        if not problem:
            state.output = self._data
            return None
        self._problems.append(problem)
        ask = f"Call {TOOL_NAME}" if self.by_tool else f"Answer with nothing but {self._described}"
        return _hint(f"That is not the answer in the form that was asked for: {problem}. {ask}.")

    def _problem_of(self, text: str) -> str:
        """Keep the output that an answer's text holds; return what is wrong with it."""
        try:
            data = parse_arguments(json_in(text))
        except InvalidArguments as error:
            return f"{error.what}: {error.why}" if error.why else error.what
        return self._keep(data)

    def partial(self, text: str) -> object:
        """Return what a piece of the output's JSON text holds so far, not validated; None when that is nothing."""
        from pydantic_core import from_json

        try:
            data = from_json(json_in(text), allow_partial="trailing-strings")
        except ValueError:
            return None
        if not self._wrapped:
            return data
        return data.get("value") if isinstance(data, dict) else None

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


def json_in(text: str) -> str:
    """The JSON of an answer: all of it, or what is inside of a fence or after a sentence that the model put before."""
    text = text.strip()
    start = text.find("{")
    if start <= 0:
        return text
    fence = text.rfind("```")
    return text[start:fence].strip() if fence > start else text[start:]


def _hint(text: str) -> Msg:
    return Msg("system", f"<system-hint>{text}</system-hint>", "user")
