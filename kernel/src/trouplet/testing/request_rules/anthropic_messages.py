"""What the Anthropic Messages API refuses.

Source: Anthropic API reference, Messages; the guides to tool use and extended thinking; the API's errors 400.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.testing.request_rules.call_pairing import CallPairing
from trouplet.testing.request_rules.json_shapes import object_at, objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_MOST_MARKERS = 4
_SMALLEST_BUDGET = 1024
_THINKING = ("thinking", "redacted_thinking")


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST /v1/messages breaks."""
    if not isinstance(body.get("model"), str):
        yield "there is no model"
    if not isinstance(body.get("max_tokens"), int):
        yield "max_tokens is required"
    yield from _system(body)
    yield from _messages(objects(body.get("messages")))
    yield from _tools(body)
    if object_at(body, "thinking").get("type") == "enabled":
        yield from _extended_thinking(body)
    if _markers(body) > _MOST_MARKERS:
        yield f"more than {_MOST_MARKERS} cache_control markers"


def _system(body: Mapping[str, object]) -> Iterator[str]:
    system = body.get("system")
    if system is not None and not (system if isinstance(system, str) else objects(system)):
        yield "system is empty"
    for block in objects(system):
        yield from _text(block, "system")


def _messages(messages: list[dict[str, object]]) -> Iterator[str]:
    if not messages:
        yield "there are no messages"
    elif messages[0].get("role") != "user":
        yield "the first message is not the user's"
    pairing = CallPairing()
    previous = ""
    for number, message in enumerate(messages):
        where, role = f"messages[{number}]", text_at(message, "role")
        if role not in ("user", "assistant"):
            yield f"{where}: the role {role!r} does not exist"
        content = message.get("content")
        if not (content.strip() if isinstance(content, str) else objects(content)):
            yield f"{where}: there is no content"
        if role == previous == "assistant":
            yield from pairing.other(where)
        yield from _blocks(objects(content), role, where, pairing)
        previous = role
    yield from pairing.other("the end")


def _blocks(blocks: list[dict[str, object]], role: str, where: str, pairing: CallPairing) -> Iterator[str]:
    kinds = [text_at(block, "type") for block in blocks]
    if role == "user":
        results = [block for block in blocks if block.get("type") == "tool_result"]
        if kinds[: len(results)] != ["tool_result"] * len(results):
            yield f"{where}: tool results do not come first"
        for block in results:
            yield from pairing.result(text_at(block, "tool_use_id"), where)
        yield from pairing.other(where)
    elif kinds and kinds[-1] in _THINKING:
        yield f"{where}: the last block is thinking"
    for block in blocks:
        yield from _block(block, role, where, pairing)


def _block(block: Mapping[str, object], role: str, where: str, pairing: CallPairing) -> Iterator[str]:
    kind = text_at(block, "type")
    if kind in ("tool_use", *_THINKING) and role != "assistant":
        yield f"{where}: a block of type {kind!r} in a message of the {role}"
    match kind:
        case "text":
            yield from _text(block, where)
        case "thinking":
            if not text_at(block, "signature") or not isinstance(block.get("thinking"), str):
                yield f"{where}: thinking without its signature"
        case "redacted_thinking":
            if not text_at(block, "data"):
                yield f"{where}: redacted thinking without its data"
        case "tool_use":
            yield from _call(block, where)
            yield from pairing.call(text_at(block, "id"), where)
        case "tool_result":
            yield from _result(block, where)
        case "image":
            yield from _image(block, where)
        case "document" | "search_result":
            return
        case _:
            yield f"{where}: a block of type {kind!r}"


def _text(block: Mapping[str, object], where: str) -> Iterator[str]:
    if not text_at(block, "text").strip():
        yield f"{where}: a blank text block"


def _call(block: Mapping[str, object], where: str) -> Iterator[str]:
    if not _ID.fullmatch(text_at(block, "id")):
        yield f"{where}: the call id {block.get('id')!r}"
    if not _NAME.fullmatch(text_at(block, "name")):
        yield f"{where}: a call of the tool {block.get('name')!r}"
    if not isinstance(block.get("input"), dict):
        yield f"{where}: the input of a call is a {type(block.get('input')).__name__}"


def _result(block: Mapping[str, object], where: str) -> Iterator[str]:
    content = block.get("content")
    if content is not None and not isinstance(content, (str, list)):
        yield f"{where}: the content of a tool result is a {type(content).__name__}"
    for inner in objects(content):
        if inner.get("type") not in ("text", "image", "document", "search_result"):
            yield f"{where}: a block of type {inner.get('type')!r} in a tool result"
        if inner.get("type") == "text":
            yield from _text(inner, where)
        if inner.get("type") == "image":
            yield from _image(inner, where)


def _image(block: Mapping[str, object], where: str) -> Iterator[str]:
    source = object_at(block, "source")
    kind = source.get("type")
    if kind not in ("base64", "url", "file"):
        yield f"{where}: the source of an image is of type {kind!r}"
    if kind == "base64" and source.get("media_type") not in _IMAGES:
        yield f"{where}: an image of type {source.get('media_type')!r}"


def _tools(body: Mapping[str, object]) -> Iterator[str]:
    tools = objects(body.get("tools"))
    names = [text_at(tool, "name") for tool in tools]
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"a tool of the name {name!r}"
    if len(names) != len(set(names)):
        yield f"two tools have one name: {names}"
    choice = object_at(body, "tool_choice")
    if choice and not tools:
        yield "tool_choice without tools"
    if choice.get("type") not in (None, "auto", "any", "tool", "none"):
        yield f"tool_choice of type {choice['type']!r}"
    if choice.get("type") == "tool" and choice.get("name") not in names:
        yield f"tool_choice names no tool: {choice}"


def _extended_thinking(body: Mapping[str, object]) -> Iterator[str]:
    budget, most = object_at(body, "thinking").get("budget_tokens"), body.get("max_tokens")
    if not isinstance(budget, int) or budget < _SMALLEST_BUDGET:
        yield f"a thinking budget of {budget!r}, less than {_SMALLEST_BUDGET}"
    elif isinstance(most, int) and budget >= most:
        yield f"a thinking budget of {budget}, not less than max_tokens ({most})"
    if body.get("temperature") not in (None, 1, 1.0):
        yield "a temperature together with thinking"
    if body.get("top_k") is not None:
        yield "top_k together with thinking"
    if object_at(body, "tool_choice").get("type") in ("any", "tool"):
        yield "a forced tool choice together with thinking"
    yield from _continued_turn(objects(body.get("messages")))


def _continued_turn(messages: list[dict[str, object]]) -> Iterator[str]:
    """Check that an assistant's turn that goes on after tool results begins with its thinking."""
    if len(messages) < 2 or not any([b.get("type") == "tool_result" for b in objects(messages[-1].get("content"))]):
        return
    blocks = objects(messages[-2].get("content"))
    if blocks and blocks[0].get("type") not in _THINKING:
        yield "thinking is enabled, and the turn that goes on does not begin with thinking"


def _markers(value: object) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum([_markers(inner) for inner in value.values()])
    return sum([_markers(inner) for inner in value]) if isinstance(value, list) else 0
