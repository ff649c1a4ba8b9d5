"""The exact bodies and headers that go out."""

import pytest

from trouplet.errors import BadSetting
from trouplet.messages import Msg
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet.secret import Secret
from trouplet_completions import FIELDS, ChatCompletionsFormatter, Dialect, chat_options
from trouplet_completions.request_body import RequestBody

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSchema("get_weather", "Say how the weather is.", PARAMETERS)
TIME = ToolSchema("get_time", "", {"type": "object", "properties": {}})
MESSAGES = [{"role": "user", "content": "Hello"}]


def body(options=None, call=None, *, dialect=None, stream=True, **request):
    made = RequestBody("m", options or {}, dialect or Dialect(chat_options(), include_usage=False), stream=stream)
    return made.build(ModelRequest([], options=call or {}, **request), MESSAGES)


def fields(*args, **more):
    """The body without what every body has."""
    return {key: value for key, value in body(*args, **more).items() if key not in ("model", "messages", "stream")}


@pytest.fixture
def sent(acme, model, ask, sse, delta):
    """Sends a request and returns it as it arrived."""

    async def send(one=None, **request):
        acme.answers(sse(delta("stop"), "[DONE]"))
        await ask(one or model(), **request)
        return acme.server.requests[-1], acme.bodies[-1]

    return send


async def test_the_smallest_request(sent):
    request, made = await sent()
    assert request.path == "/v1/chat/completions"
    assert made == {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "messages": MESSAGES}
    assert "authorization" not in request.headers


async def test_the_key_and_the_headers_are_sent(sent, model):
    one = model(
        api_key=Secret("sk-1"),
        headers={"X-Title": "Tests", "X-Secret": Secret("s")},
        extra_headers={"X-Made": "1", "X-Title": "More"},
    )
    headers = (await sent(one, options={"extra_headers": {"X-Call": "2"}}))[0].headers
    assert headers["authorization"] == "Bearer sk-1"
    assert (headers["x-title"], headers["x-secret"], headers["x-made"], headers["x-call"]) == ("More", "s", "1", "2")


@pytest.mark.parametrize("tail", ["/", "/chat/completions"])
async def test_an_address_may_end_in_a_slash_or_in_the_whole_path(acme, sent, model, tail):
    request, _ = await sent(model(base_url=f"{acme.server.url}/v1{tail}"))
    assert request.path == "/v1/chat/completions"


def test_options_of_the_call_win_over_those_of_the_model_and_none_takes_one_back():
    made = fields({"temperature": 0.1, "seed": 7, "stop": ["x"]}, {"temperature": 0.9, "stop": None, "top_p": 0.5})
    assert made == {"temperature": 0.9, "seed": 7, "top_p": 0.5}


def test_extra_body_fields_of_model_and_call_are_laid_over_each_other():
    made = fields({"extra_body": {"top_k": 1, "min_p": 0.1}, "seed": 1}, {"extra_body": {"top_k": 2, "seed": 3}})
    assert made == {"top_k": 2, "min_p": 0.1, "seed": 3}


def test_every_body_field_of_the_api_is_an_option():
    options = dict.fromkeys(FIELDS - {"parallel_tool_calls", "modalities"}, "value")
    assert fields(options) == options


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [(False, "none"), (0, "none"), ("low", "low"), ("high", "high"), (1000, "low"), (5000, "medium"), (50_000, "high")],
)
def test_thinking_is_an_effort_unless_a_dialect_says_otherwise(thinking, effort):
    assert fields({"thinking": thinking}) == {"reasoning_effort": effort}
    assert fields({"thinking": True}) == {}
    dialect = Dialect(chat_options(thinking=lambda value: {"enable_thinking": bool(value)}), include_usage=False)
    assert fields({"thinking": thinking}, dialect=dialect) == {"enable_thinking": bool(thinking)}


def test_a_dialect_names_max_tokens_and_changes_the_finished_body():
    def adapt(made, request):
        made["greeting"] = len(request.tools)

    dialect = Dialect(chat_options(max_tokens="max_output"), include_usage=False, adapt=adapt)
    assert fields({"max_tokens": 9}, dialect=dialect) == {"max_output": 9, "greeting": 0}


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


def test_tools_are_wrapped_once_for_the_same_tools():
    made = RequestBody("m", {}, Dialect(chat_options()), stream=True)
    tools = [WEATHER, TIME]
    first = made.build(ModelRequest([], tools=tools), MESSAGES)["tools"]
    assert [tool["function"] for tool in first] == [
        {"name": "get_weather", "description": "Say how the weather is.", "parameters": PARAMETERS},
        {"name": "get_time", "parameters": TIME.parameters},
    ]
    assert made.build(ModelRequest([], tools=tools), MESSAGES)["tools"] is first
    tools[1] = WEATHER
    assert made.build(ModelRequest([], tools=tools), MESSAGES)["tools"] != first


def test_tool_choice_is_a_word_or_a_tool():
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice, wire in {"auto": "auto", "none": "none", "required": "required", "get_weather": named}.items():
        assert body(tools=[WEATHER], tool_choice=choice)["tool_choice"] == wire
    assert "tool_choice" not in body(tools=[WEATHER])
    assert "tool_choice" not in body(tool_choice="none")


def test_parallel_tool_calls_is_sent_only_with_tools():
    assert body({"parallel_tool_calls": False}, tools=[WEATHER])["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in body({"parallel_tool_calls": False})


def test_an_output_schema_becomes_a_strict_response_format():
    schema = {"title": "Weather Report!", **PARAMETERS}
    made = body(output_schema=schema)["response_format"]["json_schema"]
    assert made == {"name": "Weather_Report", "schema": {**schema, "additionalProperties": False}, "strict": True}
    assert schema == {"title": "Weather Report!", **PARAMETERS}


def test_a_schema_without_a_strict_form_is_sent_as_it_is():
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    made = body(output_schema=schema)["response_format"]["json_schema"]
    assert made == {"name": "answer", "schema": schema, "strict": False}


async def test_the_formatter_of_the_request_is_used(sent):
    _, made = await sent(messages=[Msg("Ann", "Hi")], formatter=ChatCompletionsFormatter(names=False))
    assert made["messages"] == [{"role": "user", "content": "Hi"}]
