"""What DashScope's native text and multimodal generation refuse.

Source: Alibaba Cloud Model Studio, Qwen API reference (DashScope), and the errors 400 that the API answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.testing.request_rules.call_pairing import CallPairing
from trouplet.testing.request_rules.json_shapes import is_json_object, object_at, objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROLES = ("system", "user", "assistant", "tool")
_MEDIA = {"text", "image", "audio", "video"}


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST …/generation breaks."""
    if not isinstance(body.get("model"), str):
        yield "there is no model"
    messages = objects(object_at(body, "input").get("messages"))
    if not any([message.get("role") == "user" for message in messages]):
        yield "there is no user message"
    pairing = CallPairing()
    for number, message in enumerate(messages):
        yield from _message(message, f"messages[{number}]", pairing)
    yield from pairing.other("the end")
    parameters = object_at(body, "parameters")
    if parameters.get("tool_choice") is not None and not objects(parameters.get("tools")):
        yield "tool_choice without tools"
    if objects(parameters.get("tools")) and parameters.get("result_format") != "message":
        yield "tools need result_format='message'"


def _message(message: Mapping[str, object], where: str, pairing: CallPairing) -> Iterator[str]:
    role = text_at(message, "role")
    if role not in _ROLES:
        yield f"{where}: the role {role!r} does not exist"
    if role == "tool":
        yield from pairing.result(text_at(message, "tool_call_id"), where)
    else:
        yield from pairing.other(where)
    content = message.get("content")
    if not isinstance(content, (str, list)):
        yield f"{where}: the content is a {type(content).__name__}"
    elif not content and not message.get("tool_calls"):
        yield f"{where}: the content is empty"
    for part in objects(content):
        if len(_MEDIA & part.keys()) != 1:
            yield f"{where}: a part with {sorted(part)}"
    for call in objects(message.get("tool_calls")):
        function = object_at(call, "function")
        if not text_at(function, "name"):
            yield f"{where}: a call without a name"
        if not is_json_object(function.get("arguments")):
            yield f"{where}: arguments that are no JSON object: {function.get('arguments')!r}"
        yield from pairing.call(text_at(call, "id"), where)
