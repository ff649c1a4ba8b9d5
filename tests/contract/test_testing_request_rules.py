"""The simulators of what providers accept, on the bodies of requests."""

import copy

import pytest

from trouplet.testing.request_rules import PROTOCOLS, violations

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "You make tea."},
        {"role": "user", "content": [{"type": "text", "text": "Look."}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "call_2"}]},
        {"role": "tool", "tool_call_id": "call_2", "content": "A cup."},
        {"role": "tool", "tool_call_id": "call_1", "content": "A pot."},
        {"role": "assistant", "content": "There."},
    ],
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}],
    "tool_choice": "auto",
}
RESPONSES = {
    "model": "m",
    "store": False,
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Look."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "A cup."},
        {"role": "assistant", "content": [{"type": "output_text", "text": "There."}]},
    ],
}
MESSAGES = {
    "model": "m",
    "max_tokens": 4096,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "system": [{"type": "text", "text": "You make tea.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "A cup."}]},
                {"type": "text", "text": "And?"},
            ],
        },
    ],
    "tools": [{"name": "look", "input_schema": {"type": "object"}}],
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": "You make tea."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Look."}, {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "s"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": "A cup."}}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "look"}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
}
DASHSCOPE = {
    "model": "m",
    "input": {"messages": [{**one, "content": one["content"] or ""} for one in CHAT["messages"]]},
    "parameters": {"result_format": "message", "tools": CHAT["tools"]},
}
DASHSCOPE["input"]["messages"][1] = {"role": "user", "content": [{"text": "Look."}, {"image": "data:,"}]}
OLLAMA = {
    "model": "m",
    "messages": [
        {"role": "user", "content": "Look.", "images": ["AAAA"]},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {}}}]},
        {"role": "tool", "content": "A cup.", "tool_name": "look"},
    ],
}
SOUND = {
    "anthropic": MESSAGES,
    "dashscope": DASHSCOPE,
    "deepseek": CHAT,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "openai": CHAT,
    "openai-responses": RESPONSES,
}

GONE = object()
FAULTS = [
    ("openai", "messages.3", GONE, "the call 'call_2' has no result"),
    ("openai", "messages.2.tool_calls.1", GONE, "a result for 'call_2', which is no call"),
    ("openai", "messages.2.tool_calls.1.id", "call_1", "the call id 'call_1' is used twice"),
    ("openai", "messages.4.tool_call_id", "call_2", "the call 'call_2' is answered twice"),
    ("openai", "messages.3", {"role": "user", "content": "Wait."}, "the call 'call_1' has no result before it"),
    ("openai", "messages.2.tool_calls.0.function.arguments", '{"a": ', "arguments that are no JSON object"),
    ("openai", "messages.2.tool_calls.0.function.arguments", {}, "arguments that are no JSON object"),
    ("openai", "messages.2.tool_calls.0.function.name", "look around", "a call of the tool 'look around'"),
    ("openai", "messages.2.tool_calls.0.id", "c" * 41, "more than 40 characters"),
    ("openai", "messages.1.content.0.type", "input_text", "a part of type 'input_text'"),
    ("openai", "messages.1.content", [], "the content is an empty list"),
    ("openai", "messages.1.name", "Ann Lee", "the name 'Ann Lee'"),
    ("openai", "messages.5.content", None, "there is no content"),
    ("openai", "messages.0.role", "model", "the role 'model' does not exist"),
    ("openai", "messages.0.content", "a\ud83cb", "lone surrogate"),
    ("openai", "tools", GONE, "tool_choice without tools"),
    ("openai", "tool_choice", {"type": "function", "function": {"name": "fetch"}}, "tool_choice names no tool"),
    ("openai", "stream_options", {}, "stream_options without stream"),
    ("deepseek", "messages.1", GONE, "there is no user message"),
    ("deepseek", "messages.5.content", "", "the content is empty"),
    ("openai-responses", "input.3", GONE, "the call 'call_1' has no result"),
    ("openai-responses", "input.2", GONE, "a result for 'call_1', which is no call"),
    ("openai-responses", "input.1.id", "msg_1", "does not begin with 'rs'"),
    ("openai-responses", "input.1.summary", GONE, "without its summary"),
    ("openai-responses", "input.1.encrypted_content", GONE, "without its encrypted_content"),
    ("openai-responses", "input.2", {"role": "user", "content": "Wait."}, "without the item that it led to"),
    ("openai-responses", "input.4.content.0.type", "input_text", "a part of type 'input_text'"),
    ("anthropic", "max_tokens", GONE, "max_tokens is required"),
    ("anthropic", "messages.0", GONE, "the first message is not the user's"),
    ("anthropic", "messages.0.content", " ", "there is no content"),
    ("anthropic", "messages.2", GONE, "the call 'call_1' has no result"),
    ("anthropic", "messages.1.content.0.signature", GONE, "thinking without its signature"),
    ("anthropic", "messages.1.content.0", GONE, "does not begin with thinking"),
    ("anthropic", "messages.1.content.1.id", "call.1", "the call id 'call.1'"),
    ("anthropic", "messages.1.content.1.input", "{}", "the input of a call is a str"),
    ("anthropic", "messages.2.content.1.text", "", "a blank text block"),
    ("anthropic", "messages.2.content.0.content.0.type", "video", "a block of type 'video' in a tool result"),
    ("anthropic", "temperature", 0.5, "a temperature together with thinking"),
    ("anthropic", "tool_choice", {"type": "any"}, "a forced tool choice together with thinking"),
    ("anthropic", "thinking.budget_tokens", 4096, "not less than max_tokens"),
    ("gemini", "contents.2", GONE, "1 function calls without a response"),
    ("gemini", "contents.1", GONE, "1 function responses after 0 function calls"),
    ("gemini", "contents.0", GONE, "the first content is the model's"),
    ("gemini", "contents.0.parts.0.text", "", "an empty text"),
    ("gemini", "contents.0.parts", [], "there are no parts"),
    ("gemini", "contents.0.parts.0.inlineData", {}, "a part with text and inlineData"),
    ("gemini", "contents.2.parts.0.functionResponse.name", "fetch", "responses for ['fetch'] after calls of ['look']"),
    ("gemini", "contents.2.parts.0.functionResponse.response", "A cup.", "the response of a function is no object"),
    ("gemini", "toolConfig.functionCallingConfig.allowedFunctionNames", ["fetch"], "functions that do not exist"),
    ("gemini", "toolConfig.functionCallingConfig.mode", "AUTO", "allowed function names in mode 'AUTO'"),
    ("dashscope", "input.messages.3", GONE, "the call 'call_2' has no result"),
    ("dashscope", "input.messages.5.content", "", "the content is empty"),
    ("dashscope", "input.messages.1", GONE, "there is no user message"),
    ("dashscope", "input.messages.1.content.0", {"type": "text", "value": "Look."}, "a part with ['type', 'value']"),
    ("dashscope", "parameters.result_format", GONE, "tools need result_format='message'"),
    ("ollama", "messages.1.tool_calls.0.function.arguments", "{}", "the arguments of a call are a str"),
    ("ollama", "messages.0.content", [{"text": "Look."}], "content is a list"),
    ("ollama", "messages.0.images", ["data:image/png;base64,AAAA"], "an image that is not plain base64"),
    ("ollama", "messages.2.content", "", "the message is empty"),
    ("ollama", "options", [], "options is a list"),
]


def changed(body, path, value):
    """Return the body with another value at a path."""
    made = copy.deepcopy(body)
    *above, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = made
    for step in above:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return made


def test_every_protocol_has_a_sound_request_here():
    assert set(SOUND) == set(PROTOCOLS)


@pytest.mark.parametrize("protocol", SOUND)
def test_a_sound_request_is_accepted(protocol):
    assert violations(protocol, SOUND[protocol]) == []


@pytest.mark.parametrize(("protocol", "path", "value", "rule"), FAULTS, ids=[f"{one[0]}: {one[3]}" for one in FAULTS])
def test_a_broken_rule_is_named(protocol, path, value, rule):
    found = violations(protocol, changed(SOUND[protocol], path, value))
    assert any(rule in one for one in found), found


@pytest.mark.parametrize("protocol", SOUND)
def test_a_body_of_any_shape_can_be_judged(protocol):
    for value in (None, 17, "text", [], [None], [[]], {}, {"a": 1}):
        for name in SOUND[protocol]:
            violations(protocol, {**SOUND[protocol], name: value})
    assert violations(protocol, {})


def test_parts_of_one_role_in_a_row_are_one_turn_for_gemini():
    call, response = GEMINI["contents"][1], GEMINI["contents"][2]
    twice = {**GEMINI, "contents": [GEMINI["contents"][0], call, call, response, response]}
    assert violations("gemini", twice) == []


def test_a_fifth_cache_marker_is_too_many_for_anthropic():
    marked = [{**MESSAGES["system"][0], "text": str(number)} for number in range(5)]
    assert violations("anthropic", {**MESSAGES, "system": marked}) == ["more than 4 cache_control markers"]
