"""Against a mock of the API that somebody else wrote: npm's ``@copilotkit/aimock``.

It ends tool calls with the finish reason ``FUNCTION_CALL``, which the API does not know.
"""

from contextlib import aclosing

import pytest

from trouplet import Kernel
from trouplet.errors import RateLimited, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock
from trouplet.model_io import ModelRequest, TextChunk, ToolSchema

FIXTURES = [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {"match": {"userMessage": "think"}, "response": {"content": "42", "reasoning": "Let me see."}},
    {
        "match": {"userMessage": "weather", "hasToolResult": False},
        "response": {
            "toolCalls": [
                {"name": "get_weather", "arguments": {"city": "Oslo"}},
                {"name": "get_weather", "arguments": {"city": "Xi'an"}},
            ],
        },
    },
    {"match": {"userMessage": "weather", "hasToolResult": True}, "response": {"content": "Cold and warm."}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "This is much too long to arrive as a whole."},
        "latency": 20,
        "truncateAfterChunks": 3,
    },
    {
        "match": {"userMessage": "wait"},
        "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429},
    },
]
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)


@pytest.fixture
async def make(aimock, model):
    url = await aimock(FIXTURES)
    return lambda **options: model(base_url=url, **options)


@pytest.mark.parametrize("stream", [True, False])
async def test_text_reasoning_and_usage_come_from_the_mock(make, ask, fold, stream):
    one = make(stream=stream)
    plain = fold(await ask(one, "hello"))
    assert plain.content == (TextBlock("Hello! How can I help you today?"),)
    assert plain.finish_reason == "stop"
    thought = fold(await ask(one, "think"))
    assert [block.thinking for block in thought.content if isinstance(block, ThinkingBlock)] == ["Let me see."]
    assert thought.content[-1] == TextBlock("42")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_round_of_parallel_tools_with_the_mock(make, ask, fold, stream):
    one = make(stream=stream)
    question = Msg("user", "weather")
    first = fold(await ask(one, messages=[question], tools=[WEATHER]))
    assert first.finish_reason == "tool_calls"
    assert [call.input for call in first.content] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    results = [ToolResultBlock(call.id, call.name, (TextBlock("-3 °C"),)) for call in first.content]
    history = [question, Msg("Friday", first.content, "assistant"), Msg("Friday", results, "tool")]
    second = fold(await ask(one, messages=history, tools=[WEATHER]))
    assert second.content == (TextBlock("Cold and warm."),)


async def test_a_stream_that_the_mock_cuts_off_is_an_interruption(make):
    texts = []

    async def read():
        async with aclosing(make().stream(ModelRequest([Msg("user", "cut")]))) as chunks:
            async for chunk in chunks:
                assert isinstance(chunk, TextChunk)
                texts.append(chunk.text)

    with pytest.raises(StreamInterrupted) as caught:
        await read()
    assert caught.value.partial == "".join(texts)
    assert caught.value.partial


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down"):
        await ask(make(), "wait")


async def test_an_agent_uses_its_tool_twice_at_once_and_answers(make, tmp_path):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        reply = await kernel.agent("Friday", model=make(), tools=[get_weather])("weather")
    assert reply.text == "Cold and warm."
    assert sorted(asked) == ["Oslo", "Xi'an"]
