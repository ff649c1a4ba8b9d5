"""The exact bodies and headers that go out."""

import pytest

from trouplet.errors import BadSetting, MissingKey
from trouplet.messages import Msg
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet.secret import Secret
from trouplet_completions import FIELDS
from trouplet_completions.request_body import RequestBody
from trouplet_openai import OpenAIChatModel
from trouplet_openai.catalog import model_info
from trouplet_openai.chat import openai_dialect

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSchema("get_weather", "Say how the weather is.", PARAMETERS)
TIME = ToolSchema("get_time", "", {"type": "object", "properties": {}})
MESSAGES = [{"role": "user", "content": "Hello"}]


def body(options=None, call=None, *, model="m", base_url="http://127.0.0.1/v1", stream=True, **request):
    made = RequestBody(
        model, options or {}, openai_dialect(model_info("openai", model), base_url, include_usage=False), stream=stream
    )
    return made.build(ModelRequest([], options=call or {}, **request), MESSAGES)


def fields(*args, **more):
    """The body without what every body has."""
    return {key: value for key, value in body(*args, **more).items() if key not in ("model", "messages", "stream")}


async def test_the_smallest_request(peer, model, ask, sse, delta):
    peer.answers(sse(delta("stop"), "[DONE]"))
    await ask(model())
    seen = peer.seen[0]
    assert seen.path == "/v1/chat/completions"
    assert seen.body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": MESSAGES,
    }
    assert "authorization" not in seen.headers


async def test_the_key_and_the_headers_are_sent(peer, model, ask, sse, delta):
    peer.answers(sse(delta("stop"), "[DONE]"))
    one = model(
        api_key=Secret("sk-1"),
        headers={"X-Title": "Tests", "X-Secret": Secret("s")},
        extra_headers={"X-Made": "1", "X-Title": "More"},
    )
    await ask(one, options={"extra_headers": {"X-Call": "2"}})
    await ask(one)
    headers = peer.seen[0].headers
    assert headers["authorization"] == "Bearer sk-1"
    assert (headers["x-title"], headers["x-secret"], headers["x-made"], headers["x-call"]) == ("More", "s", "1", "2")
    assert "x-call" not in peer.seen[1].headers


async def test_an_address_may_end_in_a_slash_or_in_the_whole_path(peer, model, ask, sse, delta):
    peer.answers(sse(delta("stop"), "[DONE]"))
    for tail in ("/", "/chat/completions"):
        await ask(model(base_url=peer.url + tail))
    assert [seen.path for seen in peer.seen] == ["/v1/chat/completions"] * 2


def test_options_of_the_call_win_over_those_of_the_model_and_none_takes_one_back():
    made = fields({"temperature": 0.1, "seed": 7, "stop": ["x"]}, {"temperature": 0.9, "stop": None, "top_p": 0.5})
    assert made == {"temperature": 0.9, "seed": 7, "top_p": 0.5}


def test_extra_body_fields_of_model_and_call_are_laid_over_each_other():
    made = fields({"extra_body": {"top_k": 1, "min_p": 0.1}, "seed": 1}, {"extra_body": {"top_k": 2, "seed": 3}})
    assert made == {"top_k": 2, "min_p": 0.1, "seed": 3}


def test_every_body_field_of_the_api_is_an_option():
    special = {"max_tokens", "max_completion_tokens", "parallel_tool_calls", "modalities"}
    options = dict.fromkeys(FIELDS - special, "value")
    assert fields(options) == options


def test_max_tokens_has_the_name_that_the_endpoint_knows():
    openai = {"base_url": "https://api.openai.com/v1"}
    assert fields({"max_tokens": 9}) == {"max_tokens": 9}
    assert fields({"max_tokens": 9}, **openai) == {"max_completion_tokens": 9}
    assert fields({"max_completion_tokens": 9}) == {"max_completion_tokens": 9}
    assert fields({}, {"max_tokens": 9}, base_url="https://eu.api.openai.com/v1") == {"max_completion_tokens": 9}
    assert fields({"max_tokens": 9}, base_url="https://x.openai.azure.com/openai/v1") == {"max_completion_tokens": 9}
    assert fields({"max_tokens": 9}, base_url="https://api.openai.com.evil.example/v1") == {"max_tokens": 9}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"base_urll": "x"}, "Did you mean 'base_url'"),
        ({"top_k": 1}, "extra_body={'top_k': ...}"),
        ({"n": 2}, "one message"),
        ({"thinking": "low", "reasoning_effort": "high"}, "both set"),
        ({"messages": []}, "messages"),
        ({"stream": False}, "stream=False"),
        ({"tools": []}, "ModelRequest"),
        ({"extra_body": {"messages": []}}, "extra_body sets 'messages'"),
        ({"extra_body": {"n": 3}}, "extra_body sets 'n'"),
        ({"extra_body": "x"}, "extra_body is a str"),
        ({"extra_headers": {"X": 1}}, "extra_headers['X'] is a int"),
        ({"base_url": "http://x"}, "when you make the model"),
    ],
)
def test_options_that_cannot_be_are_refused_with_a_hint(options, text):
    with pytest.raises(BadSetting) as caught:
        body(call=options)
    assert text in str(caught.value)
    assert str(caught.value).startswith("TP-105 ")


def test_a_model_refuses_an_unknown_option_when_it_is_made():
    with pytest.raises(BadSetting, match="Did you mean 'temperature'"):
        OpenAIChatModel("m", api_key="k", temprature=1)


def test_openai_wants_a_key_and_others_do_not():
    with pytest.raises(MissingKey) as caught:
        OpenAIChatModel("gpt-5-mini")
    assert caught.value.code == "TP-101"
    OpenAIChatModel("gpt-5-mini", base_url="http://localhost:8000/v1")


def test_tools_are_wrapped_once_for_the_same_tools():
    made = RequestBody(
        "m", {}, openai_dialect(model_info("openai", "m"), "http://x/v1", include_usage=True), stream=True
    )
    first = made.build(ModelRequest([], tools=[WEATHER, TIME]), MESSAGES)["tools"]
    assert first == [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Say how the weather is.",
                "parameters": PARAMETERS,
            },
        },
        {"type": "function", "function": {"name": "get_time", "parameters": TIME.parameters}},
    ]
    tools = [WEATHER, TIME]
    assert made.build(ModelRequest([], tools=tools), MESSAGES)["tools"] is first
    tools[1] = WEATHER
    assert made.build(ModelRequest([], tools=tools), MESSAGES)["tools"] != first


def test_tool_choice_is_a_word_or_a_tool():
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice, wire in {"auto": "auto", "none": "none", "required": "required", "get_weather": named}.items():
        assert body(tools=[WEATHER], tool_choice=choice)["tool_choice"] == wire
    assert "tool_choice" not in body(tools=[WEATHER])
    assert "tool_choice" not in body(tool_choice="none")
    assert "tool_choice" not in body(tool_choice="auto")


def test_a_choice_of_no_tool_names_the_tools():
    with pytest.raises(BadSetting) as caught:
        body(tools=[WEATHER, TIME], tool_choice="get_wether")
    assert "Did you mean 'get_weather'" in str(caught.value)
    assert "get_weather, get_time" in str(caught.value)
    with pytest.raises(BadSetting, match="Its tools: none"):
        body(tool_choice="required")


def test_parallel_tool_calls_is_sent_only_with_tools():
    assert body({"parallel_tool_calls": False}, tools=[WEATHER])["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in body({"parallel_tool_calls": False})


def test_models_that_take_tools_only_without_reasoning_are_asked_for_none():
    openai = {"base_url": "https://api.openai.com/v1", "tools": [WEATHER]}
    assert body(model="gpt-5.6-luna", **openai)["reasoning_effort"] == "none"
    assert body({"reasoning_effort": "low"}, model="gpt-5.6-luna", **openai)["reasoning_effort"] == "low"
    assert "reasoning_effort" not in body(model="gpt-5-mini", **openai)
    assert "reasoning_effort" not in body(model="gpt-5.6-luna", tools=[WEATHER])
    assert "reasoning_effort" not in body(model="gpt-5.6-luna", base_url="https://api.openai.com/v1")


def test_an_output_schema_becomes_a_strict_response_format():
    schema = {"title": "Weather Report!", **PARAMETERS}
    assert body(output_schema=schema)["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "Weather_Report",
            "schema": {"title": "Weather Report!", **PARAMETERS, "additionalProperties": False},
            "strict": True,
        },
    }
    assert schema == {"title": "Weather Report!", **PARAMETERS}


def test_a_schema_without_a_strict_form_is_sent_as_it_is():
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    made = body(output_schema=schema)["response_format"]["json_schema"]
    assert made == {"name": "answer", "schema": schema, "strict": False}


async def test_the_formatter_of_the_request_is_used(peer, model, ask, sse, delta):
    class Shouting:
        async def format(self, messages):
            return [{"role": "user", "content": messages[0].text.upper()}]

    peer.answers(sse(delta("stop"), "[DONE]"))
    await ask(model(), formatter=Shouting())
    assert peer.seen[0].body["messages"] == [{"role": "user", "content": "HELLO"}]


async def test_a_model_never_changes_what_it_was_given(peer, model, ask, sse, delta):
    peer.answers(sse(delta("stop"), "[DONE]"))
    options = {"extra_body": {"top_k": 1}, "metadata": {"a": "b"}}
    one, messages = model(extra_body={"min_p": 0.1}), [Msg("user", "Hello")]
    await ask(one, messages=messages, options=options)
    assert options == {"extra_body": {"top_k": 1}, "metadata": {"a": "b"}}
    await ask(one, messages=messages)
    assert peer.seen[1].body["min_p"] == 0.1
    assert "top_k" not in peer.seen[1].body
