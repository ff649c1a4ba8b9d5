"""Against a mock of OpenAI's APIs that somebody else wrote: npm's ``@copilotkit/aimock``.

It reports no usage for the Responses API.
"""

import json
from contextlib import aclosing

import httpx
import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.errors import RateLimited, StreamInterrupted
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet.response import ResponseBuilder
from trouplet.testing.request_rules import violations
from trouplet_http import RetryPolicy

FIXTURES = [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {"match": {"userMessage": "think"}, "response": {"content": "42", "reasoning": "Let me see."}},
    {
        "match": {"userMessage": "weather", "hasToolResult": False},
        "response": {
            "content": "I'll look.",
            "reasoning": "Two cities.",
            "toolCalls": [
                {"name": "get_weather", "arguments": {"city": "Oslo"}},
                {"name": "get_weather", "arguments": {"city": "Xi'an"}},
            ],
        },
    },
    {
        "match": {"userMessage": "weather", "hasToolResult": True},
        "response": {"content": '{"coldest": "Oslo", "degrees": -3}'},
    },
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "This is much too long to arrive as a whole. " * 5},
        "latency": 20,
        "truncateAfterChunks": 12,
    },
    {
        "match": {"userMessage": "wait"},
        "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429},
    },
    {"match": {"inputText": "tea"}, "response": {"embedding": [0.25] * 1536}},
]
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
RULES = {"chat": "openai", "responses": "openai-responses"}


class Coldest(BaseModel):
    coldest: str
    degrees: int


@pytest.fixture(params=["chat", "responses"])
def api(request):
    return request.param


@pytest.fixture
async def kernel(tmp_path):
    async with Kernel(environ={}, keys={"openai": "sk-1"}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        yield kernel


@pytest.fixture
async def mock(aimock):
    return await aimock(FIXTURES)


@pytest.fixture
def make(kernel, mock, api):
    """Makes a model that asks the mock by one of the two APIs."""
    return lambda **options: kernel.model("openai:gpt-5-mini", base_url=f"{mock}/v1", api=api, **options)


@pytest.mark.parametrize("stream", [True, False])
async def test_text_reasoning_and_usage_come_from_the_mock(make, ask, fold, api, stream):
    model = make(stream=stream)
    plain = fold(await ask(model, "hello"))
    assert plain.content[-1] == TextBlock("Hello! How can I help you today?")
    assert plain.finish_reason == "stop"
    assert api == "responses" or plain.usage.input_tokens > 0 < plain.usage.output_tokens
    thought = fold(await ask(model, "think"))
    assert [type(block) for block in thought.content] == [ThinkingBlock, TextBlock]
    assert (thought.content[0].thinking, thought.content[1].text) == ("Let me see.", "42")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_round_of_parallel_tools_with_the_mock(make, ask, fold, stream):
    model = make(stream=stream, parallel_tool_calls=True)
    question = Msg("user", "weather")
    first = fold(await ask(model, messages=[question], tools=[WEATHER]))
    assert first.finish_reason == "tool_calls"
    _, text, *calls = first.content
    assert text == TextBlock("I'll look.")
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    results = [ToolResultBlock(call.id, call.name, (TextBlock("-3 °C"),)) for call in calls]
    history = [question, Msg("Friday", first.content, "assistant"), Msg("Friday", results, "tool")]
    second = fold(await ask(model, messages=history, tools=[WEATHER]))
    assert "Oslo" in second.content[-1].text


async def test_a_stream_that_the_mock_cuts_off_is_an_interruption(make):
    builder = ResponseBuilder()

    async def read():
        async with aclosing(make().stream(ModelRequest([Msg("user", "cut")]))) as chunks:
            async for chunk in chunks:
                builder.add(chunk)

    with pytest.raises(StreamInterrupted) as caught:
        await read()
    assert caught.value.partial == builder.text
    assert builder.text.startswith("This is")


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down") as caught:
        await ask(make(), "wait", retry=RetryPolicy(max_retries=0))
    assert caught.value.retryable


async def test_embeddings_come_from_the_mock(kernel, mock):
    model = kernel.embedding_model("openai:text-embedding-3-small", base_url=f"{mock}/v1")
    made = await model.embed(["tea", "tea with milk"])
    assert made.vectors == [[0.25] * 1536] * 2
    short = kernel.embedding_model("openai:text-embedding-3-large", base_url=f"{mock}/v1", dimensions=64)
    assert [len(vector) for vector in (await short.embed(["coffee"])).vectors] == [64]


async def test_an_agent_with_tools_thinking_an_image_and_an_output_type(kernel, make, api):
    sent, asked = [], []

    async def record(request):
        sent.append(json.loads(request.content))

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    question = Msg("Ann", [TextBlock("weather"), ImageBlock(Base64Source("image/png", PIXEL))])
    async with httpx.AsyncClient(event_hooks={"request": [record]}) as client:
        model = make(thinking="low", client=client)
        friday = kernel.agent("Friday", model=model, tools=[get_weather], sys_prompt="Be brief.")
        reply = await friday(question, output_type=Coldest)
    assert reply.output == Coldest(coldest="Oslo", degrees=-3)
    assert sorted(asked) == ["Oslo", "Xi'an"]
    assert [violations(RULES[api], body) for body in sent] == [[], []]
    for body in sent:
        assert PIXEL in json.dumps(body)
        assert "degrees" in json.dumps(body["text"] if api == "responses" else body["response_format"])
        assert (body["reasoning"]["effort"] if api == "responses" else body["reasoning_effort"]) == "low"
    # The encrypted reasoning of the first answer goes back with its calls.
    assert api == "chat" or [item for item in sent[1]["input"] if item.get("encrypted_content")] != []
