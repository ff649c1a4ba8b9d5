"""What Gemini's generateContent refuses.

Source: Gemini API reference, generateContent; the guides to function calling and thought signatures; errors 400. Field
names may be in camel case or in snake case, as the API takes both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.testing.request_rules.json_shapes import object_at, objects, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
_DATA = (
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
)  # fmt: skip


def violations(body: Mapping[str, object]) -> Iterator[str]:
    """Yield every rule that the body of POST models/…:generateContent breaks."""
    sent = _camel(body)
    assert isinstance(sent, dict)
    contents = objects(sent.get("contents"))
    if not contents:
        yield "there are no contents"
    elif contents[0].get("role") == "model":
        yield "the first content is the model's"
    yield from _turns(contents)
    instruction = sent.get("systemInstruction")
    if instruction is not None and not any(
        [text_at(p, "text") for p in objects(object_at(sent, "systemInstruction").get("parts"))]
    ):
        yield "systemInstruction has no text"
    yield from _tools(sent)


def _turns(contents: list[dict[str, object]]) -> Iterator[str]:
    turns = _merged(contents)
    calls: list[str] = []
    previous = ""
    for number, (role, parts) in enumerate(turns):
        where = f"turn {number}"
        if role not in ("user", "model"):
            yield f"{where}: the role {role!r} does not exist"
        if not parts:
            yield f"{where}: there are no parts"
        for part in parts:
            yield from _part(part, role, where)
        results = [text_at(object_at(p, "functionResponse"), "name") for p in parts if "functionResponse" in p]
        if len(results) != len(calls):
            yield f"{where}: {len(results)} function responses after {len(calls)} function calls"
        elif sorted(results) != sorted(calls):
            yield f"{where}: responses for {sorted(results)} after calls of {sorted(calls)}"
        calls = [text_at(object_at(p, "functionCall"), "name") for p in parts if "functionCall" in p]
        if calls and previous != "user":
            yield f"{where}: a turn with calls does not follow a turn of the user"
        previous = role
    if calls:
        yield f"the end: {len(calls)} function calls without a response"


def _merged(contents: list[dict[str, object]]) -> list[tuple[str, list[dict[str, object]]]]:
    """Return contents of one role that follow each other as one turn."""
    turns: list[tuple[str, list[dict[str, object]]]] = []
    for content in contents:
        role = text_at(content, "role") or "user"
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].extend(objects(content.get("parts")))
    return turns


def _part(part: Mapping[str, object], role: str, where: str) -> Iterator[str]:
    held = [name for name in _DATA if name in part]
    if len(held) != 1:
        yield f"{where}: a part with {' and '.join(held) or 'no data'}"
    if part.get("text") == "" and not part.get("thoughtSignature"):
        yield f"{where}: an empty text"
    if "functionCall" in part:
        call = object_at(part, "functionCall")
        if role != "model":
            yield f"{where}: the {role} calls a function"
        if not _NAME.fullmatch(text_at(call, "name")):
            yield f"{where}: a call of {call.get('name')!r}"
        if not isinstance(call.get("args", {}), dict):
            yield f"{where}: the args of a call are a {type(call.get('args')).__name__}"
    if "functionResponse" in part:
        if role != "user":
            yield f"{where}: the {role} answers a function call"
        if not isinstance(object_at(part, "functionResponse").get("response"), dict):
            yield f"{where}: the response of a function is no object"
    if "inlineData" in part and not (
        text_at(object_at(part, "inlineData"), "mimeType") and text_at(object_at(part, "inlineData"), "data")
    ):
        yield f"{where}: inline data without a type or without data"


def _tools(sent: Mapping[str, object]) -> Iterator[str]:
    declared = [one for tool in objects(sent.get("tools")) for one in objects(tool.get("functionDeclarations"))]
    names = [text_at(one, "name") for one in declared]
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"a function of the name {name!r}"
    config = object_at(object_at(sent, "toolConfig"), "functionCallingConfig")
    if config and not names:
        yield "a function calling config without functions"
    allowed = config.get("allowedFunctionNames")
    if isinstance(allowed, list):
        if config.get("mode") not in ("ANY", "VALIDATED"):
            yield f"allowed function names in mode {config.get('mode')!r}"
        if not set(map(str, allowed)) <= set(names):
            yield f"allowed functions that do not exist: {allowed}"


def _camel(value: object) -> object:
    """Return a body with the names of its fields in camel case; what users and tools have named stays."""
    if isinstance(value, dict):
        made: dict[str, object] = {}
        for name, inner in value.items():
            key = re.sub(r"_([a-z])", lambda found: found.group(1).upper(), name)
            made[key] = inner if key in ("args", "response", "parameters", "parametersJsonSchema") else _camel(inner)
        return made
    return [_camel(inner) for inner in value] if isinstance(value, list) else value
