"""The canonical form of a request: all that decides about the answer, as JSON-able data, and nothing else.

It is in the kernel's terms, not in those of a provider's protocol. Ids, times, metadata, the deadline and the retry
policy are no part of it; calls and results have numbers instead of their ids.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from trouplet.codec import dump_msg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.messages import Msg
    from trouplet.model_io import ModelInfo, ModelRequest


def canonical(request: ModelRequest, info: ModelInfo) -> dict[str, Any]:
    """Return the canonical form of a request to a model.

    Raises ``TypeError`` or ``ValueError`` when an option has no JSON form.
    """
    numbers: dict[str, str] = {}
    made = {
        "model": info.id,
        "messages": [_message(msg, numbers) for msg in request.messages],
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
            for tool in request.tools
        ],
        "tool_choice": request.tool_choice,
        "output_schema": request.output_schema,
        "options": dict(request.options),
    }
    return plain({name: value for name, value in made.items() if value})


def plain(data: Mapping[str, object]) -> dict[str, Any]:
    """Return data as JSON-able data; raises ``TypeError`` or ``ValueError`` for what has no JSON form."""
    made: dict[str, Any] = json.loads(json.dumps(dict(data), default=_plain, allow_nan=False))
    return made


def digest(data: Mapping[str, object]) -> str:
    """Return the SHA-256 of JSON-able data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _message(msg: Msg, numbers: dict[str, str]) -> dict[str, object]:
    content = dump_msg(replace(msg, metadata={}))["content"]
    return {"role": msg.role, "name": msg.name, "content": [_block(block, numbers) for block in content]}


def _block(block: dict[str, Any], numbers: dict[str, str]) -> dict[str, Any]:
    if "id" not in block:
        return block
    number = numbers.setdefault(block["id"], f"call {len(numbers) + 1}")
    return {name: value for name, value in block.items() if name != "metadata"} | {"id": number}


def _plain(value: object) -> object:
    """Let mappings and sets that are not dicts and lists through; everything else has no JSON form."""
    if hasattr(value, "keys"):
        return {key: value[key] for key in value.keys()}  # type: ignore[index]  # noqa: SIM118
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
