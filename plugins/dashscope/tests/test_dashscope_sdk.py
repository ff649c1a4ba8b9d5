"""The vendor's SDK, in a process of its own: it checks the server of these tests, and what we send.

The server is written from the documentation, as the plugin is. That both misread it in the same way is ruled out by the
SDK: it talks to the same server, finds there what it expects, and makes of the same conversation the same request.
"""

import pytest

from trouplet.errors import AuthenticationFailed, ProviderUnavailable, RequestRejected
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)
TOOL = {
    "type": "function",
    "function": {"name": WEATHER.name, "description": WEATHER.description, "parameters": WEATHER.parameters},
}

CALLS = """
import json, sys, dashscope
from dashscope import Generation, MultiModalConversation, MultiModalEmbedding, TextEmbedding
given = json.load(sys.stdin)
dashscope.base_http_api_url, dashscope.api_key = given["url"], "sk-test"
def told(responses):
    chunks = list(responses)
    messages = [chunk.output.choices[0].message for chunk in chunks]
    texts = [message.content for message in messages]
    texts = [text if isinstance(text, str) else "".join(part["text"] for part in text) for text in texts]
    calls = [call for message in messages for call in message.get("tool_calls") or []]
    arguments = {}
    for call in calls:
        arguments[call["index"]] = arguments.get(call["index"], "") + call["function"]["arguments"]
    return {
        "text": "".join(texts), "thinking": "".join(message.get("reasoning_content") or "" for message in messages),
        "calls": list(arguments.values()), "finish": chunks[-1].output.choices[0].finish_reason,
        "usage": dict(chunks[-1].usage), "id": chunks[-1].request_id,
    }
def ask(kind, stream, **options):
    options = {"incremental_output": True} | options if stream else options
    made = kind.call(stream=stream, result_format="message", **options)
    return told(made if stream else [made])
text = [{"role": "user", "content": "Hello"}]
parts = [{"role": "user", "content": [{"image": "https://example.com/a.png"}, {"text": "Hello"}]}]
wrong = Generation.call(model="qwen3.7-plus", messages=text, result_format="message")
failing = list(Generation.call(model="qwen3.7-plus", messages=text, result_format="message", stream=True))
dashscope.api_key = "sk-other"
stranger = Generation.call(model="qwen-plus", messages=text, result_format="message")
dashscope.api_key = "sk-test"
vectors = TextEmbedding.call(model="text-embedding-v4", input=["a", "b"], dimension=8)
pictures = MultiModalEmbedding.call(model="qwen3-vl-embedding", input=[{"text": "a"}, {"text": "b"}], dimension=8)
json.dump({
    "streamed": ask(Generation, True, model="qwen-plus", messages=text, enable_thinking=True),
    "whole": ask(Generation, False, model="qwen-plus", messages=text),
    "calls": ask(
        Generation, True, model="qwen-plus", messages=text, tools=[given["tool"]], parallel_tool_calls=True
    ),
    "shown": ask(MultiModalConversation, True, model="qwen3-vl-plus", messages=parts),
    "shown_whole": ask(MultiModalConversation, False, model="qwen3-vl-plus", messages=parts),
    "wrong": [wrong.status_code, wrong.code, wrong.message],
    "failing": [failing[-1].status_code, failing[-1].code],
    "stranger": [stranger.status_code, stranger.code],
    "vectors": [vectors.output["embeddings"], vectors.usage],
    "pictures": [pictures.output["embeddings"], pictures.usage],
}, sys.stdout, default=str)
"""

REQUESTS = """
import json, sys
from dashscope.v2.protocols.native import NativeProtocol
from dashscope.v2.types.messages import normalize_messages
made = []
for body, path, stream in json.load(sys.stdin):
    parameters = {key: value for key, value in body["parameters"].items()}
    parameters.pop("result_format"), parameters.pop("incremental_output", None)
    messages = [message.model_dump(exclude_none=True) for message in normalize_messages(body["input"]["messages"])]
    built = NativeProtocol().build_chat_request(
        model=body["model"], messages=messages, stream=stream, path=path, **parameters
    )
    made.append([built.body, dict(built.headers)])
json.dump(made, sys.stdout)
"""


async def test_the_sdk_finds_in_the_server_what_it_expects(dashscope, sdk):
    read = await sdk(CALLS, {"url": dashscope.url, "tool": TOOL})
    assert read["streamed"]["text"] == read["whole"]["text"] == "You said: Hello"
    assert read["streamed"]["thinking"] == "Let me see."
    assert (read["streamed"]["finish"], read["streamed"]["id"]) == ("stop", "req-1")
    assert read["streamed"]["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}
    assert read["calls"]["calls"] == ['{"city": "Oslo"}', '{"city": "Xi\'an"}']
    assert read["calls"]["finish"] == "tool_calls"
    assert read["shown"]["text"] == read["shown_whole"]["text"] == "I see 1 images. Hello"
    assert read["wrong"][:2] == [400, "InvalidParameter"]
    assert "url error" in read["wrong"][2]
    assert read["failing"] == [400, "InvalidParameter"]
    assert read["stranger"] == [401, "InvalidApiKey"]
    assert [one["text_index"] for one in read["vectors"][0]] == [one["index"] for one in read["pictures"][0]] == [0, 1]
    assert read["vectors"][1]["total_tokens"] == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_we_read_the_same_as_the_sdk(model, ask, stream):
    thought = await ask(model(stream=stream, thinking=True))
    assert thought.content == (ThinkingBlock("Let me see.", {"dashscope": {}}), TextBlock("You said: Hello"))
    assert (thought.finish_reason, thought.response_id) == ("stop", "req-1")
    assert (thought.usage.input_tokens, thought.usage.cached_tokens, thought.usage.reasoning_tokens) == (20, 8, 2)
    called = await ask(model(stream=stream, parallel_tool_calls=True), tools=[WEATHER])
    assert [block.input for block in called.content] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    assert [block.id for block in called.content] == ["call_0", "call_1"]
    assert called.finish_reason == "tool_calls"
    picture = ImageBlock(Base64Source("image/png", PIXEL))
    shown = await ask(model("qwen3-vl-plus", stream=stream), messages=[Msg("user", [picture, TextBlock("Hello")])])
    assert shown.content == (TextBlock("I see 1 images. Hello"),)


@pytest.mark.parametrize("stream", [True, False])
async def test_errors_of_the_api_are_typed_and_say_what_it_said(model, ask, stream):
    with pytest.raises(RequestRejected, match=r"url error.*InvalidParameter.*multimodal=True"):
        await ask(model("qwen3.7-plus", stream=stream, multimodal=False, thinking=False))
    with pytest.raises(AuthenticationFailed, match="Invalid API-key"):
        await ask(model(stream=stream, api_key="sk-other"))


async def test_an_error_within_a_stream_is_typed_and_keeps_the_text(dashscope, model, ask):
    dashscope.fail_after = 1
    with pytest.raises(ProviderUnavailable, match="It broke") as caught:
        await ask(model())
    assert caught.value.partial == "You said: "


async def test_the_sdk_makes_the_same_requests_of_the_same_conversations(dashscope, model, ask, sdk):
    results = [ToolResultBlock("call_0", "get_weather", (TextBlock("-3 °C"),))]
    history = [
        Msg("system", "You are Friday.", "system"),
        Msg("user", "Weather?"),
        Msg("Friday", [TextBlock("A moment."), ToolUseBlock("call_0", "get_weather", {"city": "Oslo"})], "assistant"),
        Msg("Friday", results, "tool"),
        Msg("user", "And now?"),
    ]
    picture = [Msg("user", [ImageBlock(Base64Source("image/png", PIXEL)), TextBlock("What is it?")])]
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    options = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 50, "stop": ["END"], "seed": 1, "top_k": 5}
    await ask(model(**options), messages=history, tools=[WEATHER], tool_choice="get_weather")
    await ask(model(thinking="low", enable_search=True, search_options={"forced_search": True}))
    await ask(model("qwen3.7-plus"), messages=picture)
    await ask(model(stream=False), output_schema=schema)
    sent = [
        (body, path.removeprefix("/api/v1"), "x-dashscope-sse" in headers) for path, headers, body in dashscope.seen
    ]
    for (body, _, stream), (theirs, headers) in zip(sent, await sdk(REQUESTS, sent), strict=True):
        assert body == theirs
        assert headers == ({"X-DashScope-SSE": "enable"} if stream else {})


async def test_embeddings_are_asked_for_as_the_sdk_does(dashscope, embedding, sdk):
    made = await embedding("text-embedding-v4", dimensions=8, text_type="query").embed(["a", "b"])
    assert [vector[0] for vector in made.vectors] == [0.0, 1.0]
    assert made.usage.input_tokens == 2
    script = """
import json, sys
from dashscope.v2.resources.embeddings import _build_body
json.dump(_build_body(
    model="text-embedding-v4", input=["a", "b"], text_type="query", dimension=8, output_type=None, instruct=None,
    parameters=None,
), sys.stdout)
"""
    (path, _, body) = dashscope.seen[0]
    assert path == "/api/v1/services/embeddings/text-embedding/text-embedding"
    assert body == await sdk(script, None)
