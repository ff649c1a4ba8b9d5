"""What is asked for: options, thinking, tools, schemas."""

import pytest

from trouplet.errors import BadSetting
from trouplet.messages import Msg
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet_gemini import GeminiChatModel
from trouplet_gemini.request_body import RequestBody

TREE = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/Node"}},
    "required": ["root"],
    "$defs": {
        "Node": {
            "type": "object",
            "title": "Node",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["name"],
        }
    },
}


def tool(name="look", **properties):
    return ToolSchema(name, "Look.", {"type": "object", "properties": properties})


@pytest.fixture
def sent(peer, model, ask, said):
    """Sends one request with a model of these options and returns its body."""

    async def send(name="gemini-3.1-pro-preview", options=None, of_call=None, **fields):
        peer.answers([said({"text": "Hi"}, finish="STOP")])
        peer.requests.clear()
        await ask(model(name, **(options or {})), options=of_call or {}, **fields)
        return peer.body

    return send


async def test_a_question_is_sent_with_nothing_beside_it(sent, peer):
    assert await sent() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    assert "key=" not in peer.requests[0].path


async def test_options_are_where_they_belong(sent):
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    body = await sent(
        options={
            "temperature": 0.5, "top_p": 0.9, "topK": 3, "max_tokens": 100, "stop": "END", "seed": 7,
            "safetySettings": safety, "serviceTier": "flex",
            "extra_body": {"generationConfig": {"brandNew": 1}, "alsoNew": 2},
        }
    )  # fmt: skip
    assert body["generationConfig"] == {
        "temperature": 0.5, "topP": 0.9, "topK": 3, "maxOutputTokens": 100, "stopSequences": ["END"], "seed": 7,
        "brandNew": 1,
    }  # fmt: skip
    assert (body["safetySettings"], body["serviceTier"], body["alsoNew"]) == (safety, "flex", 2)


async def test_the_options_of_a_call_win_and_none_takes_one_back(sent):
    of_call = {"temperature": None, "seed": 1, "extra_body": {"generationConfig": {"b": 2}}}
    body = await sent(options={"temperature": 0.5, "max_tokens": 9}, of_call=of_call)
    assert body["generationConfig"] == {"maxOutputTokens": 9, "seed": 1, "b": 2}


@pytest.mark.parametrize(
    ("option", "hint"), [("temprature", "temperature"), ("candidateCount", "one message"), ("top_kk", "top_k")]
)
def test_an_option_that_does_not_exist_says_what_was_meant(option, hint):
    with pytest.raises(BadSetting, match=hint):
        GeminiChatModel("gemini-3.8-flash", api_key="k", **{option: 1})


async def test_fields_have_the_names_of_googles_python_sdk_too(sent):
    body = await sent(options={"top_k": 3, "response_modalities": ["TEXT"], "service_tier": "flex"})
    assert body["generationConfig"] == {"topK": 3, "responseModalities": ["TEXT"]}
    assert body["serviceTier"] == "flex"


async def test_models_that_sample_in_their_own_way_are_not_told_how(sent):
    assert "generationConfig" not in await sent("gemini-3.8-flash", {"temperature": 0.5, "top_p": 0.9, "topK": 3})


@pytest.mark.parametrize(
    ("name", "value", "config"),
    [
        ("gemini-3.8-flash", True, {"includeThoughts": True}),
        ("gemini-3.8-flash", False, {"includeThoughts": False, "thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "high", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-3.8-flash", 5_000, {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        ("gemini-3.6-flash", False, {"includeThoughts": False, "thinkingLevel": "MINIMAL"}),
        ("gemini-3.6-flash", 500, {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", False, {"includeThoughts": False, "thinkingBudget": 0}),
        ("gemini-2.5-flash", "low", {"includeThoughts": True, "thinkingBudget": 1024}),
        ("gemini-2.5-flash", 100_000, {"includeThoughts": True, "thinkingBudget": 24_576}),
        ("gemini-2.5-flash-lite", 100, {"includeThoughts": True, "thinkingBudget": 512}),
        ("gemini-2.5-pro", False, {"includeThoughts": False, "thinkingBudget": 128}),
        ("gemma-4-31b-it", "medium", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemma-4-31b-it", "low", {"includeThoughts": True, "thinkingLevel": "MINIMAL"}),
    ],
)
async def test_thinking_is_asked_for_as_the_model_knows_it(sent, name, value, config):
    assert (await sent(name, {"thinking": value}))["generationConfig"] == {"thinkingConfig": config}


async def test_system_messages_are_the_instruction(sent):
    body = await sent(messages=[Msg("system", "Be kind.", "system"), Msg("Ann", "Hi")])
    assert body["systemInstruction"] == {"parts": [{"text": "Be kind."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


async def test_an_answer_is_not_continued_without_a_word_of_the_user(sent):
    body = await sent(messages=[Msg("Ann", "Hi"), Msg("Friday", "Hello", "assistant")])
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]


async def test_tools_are_one_list_of_functions(sent):
    body = await sent(tools=[tool(at={"type": "string"}), tool("wait")])
    look = {
        "name": "look",
        "description": "Look.",
        "parametersJsonSchema": {"type": "object", "properties": {"at": {"type": "string"}}},
    }
    assert body["tools"] == [{"functionDeclarations": [look, {"name": "wait", "description": "Look."}]}]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ("look", {"mode": "ANY", "allowedFunctionNames": ["look"]}),
    ],
)
async def test_the_choice_among_tools(sent, choice, config):
    body = await sent(tools=[tool(at={"type": "string"})], tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": config}


async def test_an_answer_in_json_has_its_schema(sent):
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    body = await sent(options={"seed": 7}, output_schema=schema)
    assert body["generationConfig"] == {
        "seed": 7, "responseMimeType": "application/json", "responseJsonSchema": schema,
    }  # fmt: skip


async def test_a_schema_that_contains_itself_is_told_to_one_level(sent):
    body = await sent(tools=[ToolSchema("plant", "Plant.", TREE)])
    (function,) = body["tools"][0]["functionDeclarations"]
    leaf = {"type": "object", "title": "Node"}
    node = TREE["$defs"]["Node"]
    assert function["parametersJsonSchema"]["properties"]["root"] == {
        **node, "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": leaf}},
    }  # fmt: skip


async def test_a_cached_content_has_the_system_prompt_and_the_tools(sent):
    body = await sent(
        options={"cachedContent": "cachedContents/abc"},
        messages=[Msg("system", "Be kind.", "system"), Msg("Ann", "Hi")],
        tools=[tool(at={"type": "string"})],
        tool_choice="required",
    )
    assert body.keys() == {"contents", "cachedContent"}


def test_the_same_tools_are_put_into_their_form_once():
    body = RequestBody("gemini-3.8-flash", {})
    request = ModelRequest([Msg("Ann", "Hi")], [tool(at={"type": "string"})])
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]
    assert body.build(request, contents)["tools"] is body.build(request, contents)["tools"]
