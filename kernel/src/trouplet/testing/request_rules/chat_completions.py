"""What OpenAI Chat Completions, and the stricter servers that speak it too, refuse.

Source: OpenAI API reference, Chat Completions, and the errors 400 that the API answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.testing.request_rules.call_pairing import CallPairing
from trouplet.testing.request_rules.json_shapes import is_json_object, object_at, objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SPEAKER = re.compile(r"[^\s<|\\/>]{1,64}")
_LONGEST_ID = 40
_PARTS = {
    "system": {"text"},
    "developer": {"text"},
    "user": {"text", "image_url", "input_audio", "video_url", "file"},
    "assistant": {"text", "refusal"},
    "tool": {"text"},
}


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST /chat/completions breaks."""
    if not isinstance(body.get("model"), str):
        yield "there is no model"
    if not objects(body.get("messages")):
        yield "there are no messages"
    yield from message_violations(objects(body.get("messages")))
    yield from tool_violations(body)
    if body.get("stream_options") is not None and not body.get("stream"):
        yield "stream_options without stream"


def strict_violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield what stricter servers refuse, too: there is a user message, and no content is empty."""
    yield from violations(body)
    messages = objects(body.get("messages"))
    if not any([message.get("role") == "user" for message in messages]):
        yield "there is no user message"
    for number, message in enumerate(messages):
        if message.get("content") in ("", [], None) and not message.get("tool_calls"):
            yield f"messages[{number}]: the content is empty"


def message_violations(messages: list[dict[str, object]]) -> Iterator[str]:
    """Yield every rule that a list of messages breaks."""
    pairing = CallPairing()
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = text_at(message, "role")
        if role not in _PARTS:
            yield f"{where}: the role {role!r} does not exist"
            continue
        if role == "tool":
            yield from pairing.result(text_at(message, "tool_call_id"), where)
        else:
            yield from pairing.other(where)
        yield from _content(message, role, where)
        for call in objects(message.get("tool_calls")):
            yield from _call(call, role, where)
            yield from pairing.call(text_at(call, "id"), where)
    yield from pairing.other("the end")


def _content(message: Mapping[str, object], role: str, where: str) -> Iterator[str]:
    content = message.get("content")
    if content is None:
        if role != "assistant" or not (message.get("tool_calls") or message.get("refusal") or message.get("audio")):
            yield f"{where}: there is no content"
    elif not isinstance(content, (str, list)):
        yield f"{where}: the content is a {type(content).__name__}"
    elif content == []:
        yield f"{where}: the content is an empty list"
    for part in objects(content):
        if part.get("type") not in _PARTS[role]:
            yield f"{where}: a part of type {part.get('type')!r} in a message of the {role}"
    name = message.get("name")
    if name is not None and not (isinstance(name, str) and _SPEAKER.fullmatch(name)):
        yield f"{where}: the name {name!r}"
    if message.get("tool_calls") == []:
        yield f"{where}: tool_calls is an empty list"


def _call(call: Mapping[str, object], role: str, where: str) -> Iterator[str]:
    function = object_at(call, "function")
    if role != "assistant":
        yield f"{where}: the {role} calls a tool"
    if call.get("type") != "function":
        yield f"{where}: a call of type {call.get('type')!r}"
    if len(text_at(call, "id")) > _LONGEST_ID:
        yield f"{where}: a call id of more than {_LONGEST_ID} characters"
    if not _NAME.fullmatch(text_at(function, "name")):
        yield f"{where}: a call of the tool {function.get('name')!r}"
    if not is_json_object(function.get("arguments")):
        yield f"{where}: arguments that are no JSON object: {function.get('arguments')!r}"


def tool_violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the tools of a request break."""
    tools = objects(body.get("tools"))
    if body.get("tools") == []:
        yield "tools is an empty list"
    if not tools:
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                yield f"{name} without tools"
    names = [text_at(object_at(tool, "function"), "name") for tool in tools]
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"a tool of the name {name!r}"
    if len(names) != len(set(names)):
        yield f"two tools have one name: {names}"
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and text_at(object_at(choice, "function"), "name") not in names:
        yield f"tool_choice names no tool: {choice}"
