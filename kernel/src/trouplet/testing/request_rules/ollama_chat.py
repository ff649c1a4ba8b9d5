"""What Ollama's POST /api/chat refuses: above all, values that are not of the type that its server declares.

Source: Ollama API documentation, chat; the types of its server's api package.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from trouplet.testing.request_rules.json_shapes import object_at, objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROLES = ("system", "user", "assistant", "tool")


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST /api/chat breaks."""
    if not isinstance(body.get("model"), str):
        yield "there is no model"
    messages = objects(body.get("messages"))
    if not messages:
        yield "there are no messages"
    for number, message in enumerate(messages):
        yield from _message(message, f"messages[{number}]")
    for name, kind in (("options", dict), ("tools", list), ("stream", bool)):
        if body.get(name) is not None and not isinstance(body[name], kind):
            yield f"{name} is a {type(body[name]).__name__}"
    if not isinstance(body.get("format"), (str, dict, type(None))):
        yield f"format is a {type(body['format']).__name__}"


def _message(message: Mapping[str, object], where: str) -> Iterator[str]:
    if message.get("role") not in _ROLES:
        yield f"{where}: the role {message.get('role')!r} does not exist"
    for name in ("content", "thinking", "tool_name", "tool_call_id"):
        if not isinstance(message.get(name, ""), str):
            yield f"{where}: {name} is a {type(message[name]).__name__}"
    if not (text_at(message, "content") or message.get("images") or message.get("tool_calls")):
        yield f"{where}: the message is empty"
    images = message.get("images") or []
    for image in images if isinstance(images, list) else [images]:
        if not _is_base64(image):
            yield f"{where}: an image that is not plain base64"
    for call in objects(message.get("tool_calls")):
        function = object_at(call, "function")
        if not text_at(function, "name"):
            yield f"{where}: a call without a name"
        if not isinstance(function.get("arguments"), dict):
            yield f"{where}: the arguments of a call are a {type(function.get('arguments')).__name__}"


def _is_base64(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except binascii.Error:
        return False
