"""Against a mock of the API that somebody else wrote: npm's ``@copilotkit/aimock``, in a process of its own.

It is installed once, into the user's cache folder. Without node, npm or a registry these tests are skipped.
"""

import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.errors import RateLimited, StreamInterrupted
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ToolResultBlock
from trouplet.model_io import ToolSchema
from trouplet_anthropic import AnthropicChatModel
from trouplet_http import RetryPolicy

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Oslo"}},
    {"name": "get_weather", "arguments": {"city": "Xi'an"}},
]
FIXTURES = [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {"match": {"userMessage": "think"}, "response": {"content": "42", "reasoning": "Let me see."}},
    {
        "match": {"userMessage": "weather", "hasToolResult": False},
        "response": {"content": "I'll look.", "toolCalls": CALLS, "reasoning": "Two cities."},
    },
    {"match": {"userMessage": "weather", "hasToolResult": True}, "response": {"content": '{"warm": "Xi\'an"}'}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "This is much too long to arrive as a whole."},
        "latency": 20,
        "truncateAfterChunks": 4,
    },
    {
        "match": {"userMessage": "wait"},
        "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429},
    },
]
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)


class Warmest(BaseModel):
    warm: str


@pytest.fixture
async def make(aimock):
    url = await aimock(FIXTURES)
    models = []

    def build(name="claude-opus-5-5", **options):
        models.append(AnthropicChatModel(name, base_url=url, retry=RetryPolicy(max_retries=0), **options))
        return models[-1]

    build.url = url
    yield build
    for model in models:
        await model.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_text_and_thinking_come_from_the_mock(make, ask, fold, stream):
    model = make(stream=stream)
    plain = fold(await ask(model, "hello"))
    assert plain.content == (TextBlock("Hello! How can I help you today?"),)
    assert plain.finish_reason == "stop"
    thinking, answer = fold(await ask(model, "think")).content
    assert (thinking.thinking, answer) == ("Let me see.", TextBlock("42"))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_round_of_parallel_tools_with_the_mock(make, ask, fold, stream):
    model = make(stream=stream)
    question = Msg("user", "weather")
    first = fold(await ask(model, messages=[question], tools=[WEATHER]))
    assert first.finish_reason == "tool_calls"
    *_, text, oslo, xian = first.content
    assert text == TextBlock("I'll look.")
    assert [call.input for call in (oslo, xian)] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    results = [ToolResultBlock(call.id, call.name, (TextBlock("-3 °C"),)) for call in (oslo, xian)]
    history = [question, Msg("Friday", first.content, "assistant"), Msg("Friday", results, "tool")]
    second = fold(await ask(model, messages=history, tools=[WEATHER]))
    assert second.content == (TextBlock('{"warm": "Xi\'an"}'),)


async def test_a_stream_that_the_mock_cuts_off_is_an_interruption(make, ask):
    with pytest.raises(StreamInterrupted) as caught:
        await ask(make(), "cut")
    assert "This is much too long".startswith(caught.value.partial[:10])
    assert caught.value.partial


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down") as caught:
        await ask(make(), "wait")
    assert caught.value.retryable


@pytest.mark.parametrize("name", ["claude-opus-5-5", "claude-sonnet-4-6", "claude-haiku-4-5"])
async def test_one_program_with_everything_runs_on_every_generation(make, tmp_path, name):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    question = Msg("Ann", [TextBlock("weather"), ImageBlock(Base64Source("image/png", PNG))])
    environ = {"ANTHROPIC_BASE_URL": make.url}
    async with Kernel(environ=environ, keys={"anthropic": "k"}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        model = kernel.model(f"anthropic:{name}", thinking="low", temperature=0.5, cache=True)
        agent = kernel.agent("Friday", model=model, sys_prompt="Be brief.", tools=[get_weather])
        reply = await agent(question, output_type=Warmest)
    assert reply.output == Warmest(warm="Xi'an")
    assert sorted(asked) == ["Oslo", "Xi'an"]
