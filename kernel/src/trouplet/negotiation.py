"""Fits a request to what a model can do, before anybody is asked.

What can be given up is given up with a note in the run; what cannot is refused with an error that says why. A provider
never sees a request that it would have to refuse for what the model is. Media that a model does not take are the
matter of its formatter (``ChatFormatter.takes``), which sees each message once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting, Unsupported
from trouplet.messages import Msg, TextBlock
from trouplet.scope import note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.model_io import ModelInfo, ModelRequest


def negotiate(request: ModelRequest, info: ModelInfo) -> ModelRequest:
    """Return the request as the model can take it; the same one when nothing has to change.

    Raises ``Unsupported`` for tools, and for a schema of the answer, that the model does not know.
    """
    able = info.capabilities
    if request.tools and "tools" not in able:
        raise _unsupported(info, "takes no tools", "Choose another model, or an agent without tools")
    if request.output_schema is not None:
        _check_schema(request, info)
    changes: dict[str, object] = {}
    if request.tool_choice not in (None, "auto", "none") and "tool_choice" not in able:
        note(f"{info.id} cannot be made to call a tool: it was asked with tool_choice 'auto'")
        changes["tool_choice"] = "auto"
    if request.options.get("thinking") and "thinking" not in able:
        note(f"{info.id} does not think aloud: the option 'thinking' was left out")
        changes["options"] = _without(request.options, "thinking")
    if "system" not in able and any([msg.role == "system" for msg in request.messages]):
        note(f"{info.id} takes no system prompt: it was put into the first message")
        changes["messages"] = _folded(request.messages)
    return replace(request, **changes) if changes else request  # type: ignore[arg-type]


def tool_choice(request: ModelRequest) -> str | None:
    """Return what the request says about calling tools; None when it says nothing.

    Raises ``BadSetting`` for a tool that the request does not have.
    """
    choice = request.tool_choice
    if choice is None or (not request.tools and choice in ("auto", "none")):
        return None
    names = [tool.name for tool in request.tools]
    if choice in names or choice in ("auto", "none") or (choice == "required" and names):
        return choice
    from trouplet.spelling import did_you_mean

    raise BadSetting(
        f"tool_choice={choice!r}, and the request has no such tool",
        why=did_you_mean(choice, names),
        fix=f"Its tools: {', '.join(names) or 'none'}. Other values: auto, none, required",
    )


def _check_schema(request: ModelRequest, info: ModelInfo) -> None:
    fix = "Use output_type, which asks every model in its own way"
    if "json_schema" not in info.capabilities:
        raise _unsupported(info, "does not answer in JSON of a given schema", fix)
    if request.tools and "json_schema_tools" not in info.capabilities:
        raise _unsupported(info, "takes no schema of the answer together with tools", fix)


def _unsupported(info: ModelInfo, what: str, fix: str) -> Unsupported:
    return Unsupported(f"{info.id} {what}", provider=info.provider, fix=fix)


def _without(options: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in options.items() if key != name}


def _folded(messages: Sequence[Msg]) -> list[Msg]:
    """The system prompt as the beginning of the first thing that the user says."""
    prompt = "\n".join([msg.text for msg in messages if msg.role == "system"])
    others = [msg for msg in messages if msg.role != "system"]
    if others and others[0].role == "user":
        first = others[0]
        return [replace_content(first, (TextBlock(f"{prompt}\n"), *first.content)), *others[1:]]
    return [Msg("user", prompt), *others]


def replace_content(msg: Msg, content: Sequence[object]) -> Msg:
    """The message with other content; its id and time stay."""
    return Msg(msg.name, content, msg.role, msg.metadata, msg.id, msg.timestamp)  # type: ignore[arg-type]
