"""Messages and run states as JSON-able data, and back. The only place that knows the stored form.

Every record carries ``format``. Data of a newer format is refused, never half-read. What looks like a tag of ours
inside a user's text or metadata is data like any other: types are told by position, not by content.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trouplet import messages as m
from trouplet.errors import NewerFormat, NotStorable, StateError
from trouplet.model_io import Usage
from trouplet.run_state import RunState
from trouplet.tool_io import Ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    Data = Mapping[str, Any]

FORMAT = 1
_BLOCKS: dict[str, type[Any]] = {block.type: block for block in m.BLOCK_TYPES}


def dump_msg(msg: m.Msg) -> dict[str, Any]:
    """Return a message as JSON-able data; raises ``NotStorable`` when its metadata is not."""
    return {
        "format": FORMAT,
        "id": msg.id,
        "name": msg.name,
        "role": msg.role,
        "timestamp": msg.timestamp.isoformat(),
        "content": [_dump_block(block) for block in msg.content],
        "metadata": json_able(msg.metadata, f"metadata of message {msg.id}"),
    }


def load_msg(data: Data) -> m.Msg:
    """Return the message that ``dump_msg`` wrote; raises ``StateError`` for anything else."""
    _check_format(data)
    try:
        content = [_load_block(block) for block in data["content"]]
        timestamp = datetime.fromisoformat(data["timestamp"])
        return m.Msg(data["name"], content, data["role"], data["metadata"], data["id"], timestamp)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError("a stored message cannot be read", why=repr(error)) from error


def dump_state(state: RunState) -> dict[str, Any]:
    """Return a run's state as JSON-able data."""
    return {
        "format": FORMAT,
        "run_id": state.run_id,
        "agent": state.agent,
        "max_iters": state.max_iters,
        "step": state.step,
        "calls": [_dump_block(call) for call in state.calls],
        "results": [_dump_block(result) for result in state.results.values()],
        "started": list(state.started),
        "asks": {id: _dump_ask(ask, f"ask {id}") for id, ask in state.asks.items()},
        "approved": list(state.approved),
        "call_ids": list(state.call_ids),
        "answered": state.answered,
        "reply": None if state.reply is None else dump_msg(state.reply),
        "output": state.output,
        "usage": _dump_slots(state.usage),
        "notes": list(state.notes),
        "status": state.status,
    }  # fmt: skip


def load_state(data: Data) -> RunState:
    """Return the state that ``dump_state`` wrote; raises ``StateError`` for anything else."""
    _check_format(data)
    try:
        values = {key: value for key, value in data.items() if key != "format"}
        results = [_load_block(result) for result in values.pop("results")]
        return RunState(
            **values
            | {
                "calls": [_load_block(call) for call in values["calls"]],
                "results": {result.id: result for result in results},
                "asks": {id: Ask(ask["question"], ask["details"]) for id, ask in values["asks"].items()},
                "reply": None if values["reply"] is None else load_msg(values["reply"]),
                "usage": Usage(**values["usage"]),
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError("a stored run cannot be read", why=repr(error)) from error


def _check_format(data: Data) -> None:
    format = data.get("format")
    if not isinstance(format, int) or isinstance(format, bool):
        raise StateError("stored data has no format number", why="it was not written by Trouplet, or it is damaged")
    if format > FORMAT:
        raise NewerFormat(
            f"stored data has format {format}; this version reads up to {FORMAT}", fix="pip install -U trouplet"
        )


def _dump_ask(ask: Ask, where: str) -> dict[str, Any]:
    return {"question": ask.question, "details": json_able(ask.details, where)}


def _dump_slots(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _dump_block(block: Any) -> dict[str, Any]:
    data = {"type": block.type, **_dump_slots(block)}
    if isinstance(block, m.ToolResultBlock):
        data["output"] = [_dump_block(part) for part in block.output]
    elif isinstance(block, m.MediaBlock):
        data["source"] = _dump_slots(block.source)
    return {key: value for key, value in data.items() if value is not None}


def _load_block(data: Data) -> Any:
    values = {key: value for key, value in data.items() if key != "type"}
    if "output" in values:
        values["output"] = tuple([_load_block(part) for part in values["output"]])
    if "source" in values:
        source = values["source"]
        values["source"] = m.Base64Source(**source) if "data" in source else m.URLSource(**source)
    return _BLOCKS[data["type"]](**values)


def json_able(value: Any, where: str, *, fix: str = "") -> Any:
    """Return JSON-able data as it is; ``NotStorable`` says where it is not."""
    import json

    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotStorable(f"{where} cannot be stored", why=str(error), fix=fix) from error
    return value
