"""What the OpenAI Responses API refuses.

Source: OpenAI API reference, Responses, and the errors 400 that the API answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.testing.request_rules.call_pairing import CallPairing
from trouplet.testing.request_rules.json_shapes import objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_ID = 64
_INPUT = {"input_text", "input_image", "input_file", "input_audio"}
_PARTS = {"user": _INPUT, "system": _INPUT, "developer": _INPUT, "assistant": {"output_text", "refusal"}}
_PREFIXES = {"reasoning": "rs", "function_call": "fc", "message": "msg"}


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST /responses breaks."""
    if not isinstance(body.get("model"), str):
        yield "there is no model"
    items = objects(body.get("input"))
    if not items and not text_at(body, "input"):
        yield "there is no input"
    yield from _items(items, stored=body.get("store") is not False)
    yield from _tools(body)


def _items(items: list[dict[str, object]], *, stored: bool) -> Iterator[str]:
    pairing = CallPairing()
    for number, item in enumerate(items):
        where = f"input[{number}]"
        kind = text_at(item, "type") or "message"
        yield from _id(item, kind, where)
        match kind:
            case "message":
                yield from pairing.other(where)
                yield from _message(item, where)
            case "reasoning":
                following = items[number + 1] if number + 1 < len(items) else {}
                yield from _reasoning(item, following, where, stored=stored)
            case "function_call":
                yield from _call(item, where)
                yield from pairing.call(text_at(item, "call_id"), where)
            case "function_call_output":
                yield from pairing.result(text_at(item, "call_id"), where)
                if not isinstance(item.get("output"), (str, list)):
                    yield f"{where}: an output that is a {type(item.get('output')).__name__}"
            case "item_reference":
                continue
            case _:
                yield f"{where}: an item of type {kind!r}"
    yield from pairing.other("the end")


def _id(item: Mapping[str, object], kind: str, where: str) -> Iterator[str]:
    id = item.get("id")
    if id is not None and kind in _PREFIXES and not text_at(item, "id").startswith(_PREFIXES[kind]):
        yield f"{where}: the id {id!r} of a {kind} does not begin with {_PREFIXES[kind]!r}"


def _message(item: Mapping[str, object], where: str) -> Iterator[str]:
    role = text_at(item, "role")
    if role not in _PARTS:
        yield f"{where}: the role {role!r} does not exist"
        return
    content = item.get("content")
    if not isinstance(content, str) and not objects(content):
        yield f"{where}: there is no content"
    for part in objects(content):
        if part.get("type") not in _PARTS[role]:
            yield f"{where}: a part of type {part.get('type')!r} in a message of the {role}"


def _reasoning(
    item: Mapping[str, object], following: Mapping[str, object], where: str, *, stored: bool
) -> Iterator[str]:
    led_to = text_at(following, "type") or "message"
    if not isinstance(item.get("summary"), list):
        yield f"{where}: a reasoning item without its summary, which may be empty"
    if not following or led_to == "function_call_output" or following.get("role") in ("user", "system", "developer"):
        yield f"{where}: a reasoning item without the item that it led to"
    if not stored and not text_at(item, "encrypted_content"):
        yield f"{where}: a reasoning item that was not stored, without its encrypted_content"


def _call(item: Mapping[str, object], where: str) -> Iterator[str]:
    if not _NAME.fullmatch(text_at(item, "name")):
        yield f"{where}: a call of the tool {item.get('name')!r}"
    if len(text_at(item, "call_id")) > _LONGEST_ID:
        yield f"{where}: a call id of more than {_LONGEST_ID} characters"
    if not isinstance(item.get("arguments"), str):
        yield f"{where}: arguments that are a {type(item.get('arguments')).__name__}"


def _tools(body: Mapping[str, object]) -> Iterator[str]:
    tools = objects(body.get("tools"))
    if not tools and body.get("tool_choice") is not None:
        yield "tool_choice without tools"
    for tool in tools:
        if tool.get("type") == "function" and not _NAME.fullmatch(text_at(tool, "name")):
            yield f"a function of the name {tool.get('name')!r}"
