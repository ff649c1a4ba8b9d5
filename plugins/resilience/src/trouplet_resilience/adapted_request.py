"""Makes a request that was composed for one model fit another: its formatter, its options, its structured output."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trouplet.conversation import MultiAgentFormatter, Truncated
from trouplet.scope import current_run, note
from trouplet_http import COMMON_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelRequest
    from trouplet.ports import ChatModel, Formatter


def adapted(request: ModelRequest, first: ChatModel, other: ChatModel) -> ModelRequest:
    """Return the request as one to ``other``, made to fit it; what has to be left out is noted in the run."""
    made = replace(
        request,
        model=other,
        formatter=_formatter(request.formatter, first, other),
        options=_options(request.options, first, other),
    )
    _ask_for_output(made, other)
    return made


def _formatter(given: Formatter | None, first: ChatModel, other: ChatModel) -> Formatter | None:
    """Put the other model's formatter where the first one's is; None for the other model's own."""
    if given is None or given is first.formatter:
        return None
    if isinstance(given, MultiAgentFormatter):
        inner = _formatter(given.chat, first, other)
        return MultiAgentFormatter(inner or other.formatter, prompt=given.prompt)
    if isinstance(given, Truncated):
        inner = _formatter(given.formatter, first, other)
        return Truncated(inner or other.formatter, given.counter, max_tokens=given.max_tokens, tools=given.tools)
    if type(given) is type(other.formatter):
        return given
    note(f"{other.info.id} was asked with its own formatter: the agent's was made for {first.info.id}")
    return None


def _options(given: Mapping[str, object], first: ChatModel, other: ChatModel) -> Mapping[str, object]:
    """Keep the options that mean the same everywhere, and all of them for another model of the same provider."""
    if first.info.provider == other.info.provider:
        return given
    left_out = sorted(given.keys() - COMMON_OPTIONS)
    if not left_out:
        return given
    note(f"{other.info.id} was asked without the options of {first.info.provider}: {', '.join(left_out)}")
    return {name: value for name, value in given.items() if name in COMMON_OPTIONS}


def _ask_for_output(request: ModelRequest, other: ChatModel) -> None:
    """Ask for the run's structured output in the way that the other model knows best.

    What was asked for in words stays as it is: every model understands that.
    """
    run = current_run.get()
    if run is None or run.output is None:
        return
    tool = run.output.tool.schema
    if tool in request.tools:
        request.tools = [one for one in request.tools if one is not tool]
        request.tool_choice = None
    elif request.output_schema is not None:
        request.output_schema = None
    else:
        return
    run.output.prepare(request, other.info)
