"""Against a mock of the API that somebody else wrote: npm's ``@copilotkit/aimock``, in a process of its own."""

import pytest

from trouplet import Kernel
from trouplet.errors import RateLimited, StreamInterrupted
from trouplet.messages import TextBlock, ThinkingBlock
from trouplet_deepseek import DeepSeekChatModel
from trouplet_http import RetryPolicy

FIXTURES = [
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
    {"match": {"userMessage": "weather", "hasToolResult": True}, "response": {"content": "Cold, and warm in Xi'an."}},
    {
        "match": {"userMessage": "cut"},
        "response": {"content": "This is much too long to arrive as a whole."},
        "latency": 20,
        "truncateAfterChunks": 3,
    },
    {"match": {"userMessage": "wait"}, "response": {"error": {"message": "Slow down"}, "status": 429}},
]


@pytest.fixture
async def make(aimock):
    models, url = [], await aimock(FIXTURES)

    def build(**options):
        usual = {"base_url": f"{url}/v1", "retry": RetryPolicy(max_retries=0)}
        models.append(DeepSeekChatModel("deepseek-flash", **{**usual, **options}))
        return models[-1]

    yield build
    for model in models:
        await model.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_text_reasoning_and_usage_come_from_the_mock(make, ask, fold, stream):
    got = fold(await ask(make(stream=stream), "think"))
    assert got.content == (ThinkingBlock("Let me see."), TextBlock("42"))
    assert got.usage.input_tokens > 0


async def test_a_stream_that_the_mock_cuts_off_is_an_interruption(make, ask):
    with pytest.raises(StreamInterrupted) as caught:
        await ask(make(), "cut")
    assert caught.value.partial


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down"):
        await ask(make(), "wait")


@pytest.mark.parametrize("stream", [True, False])
async def test_an_agent_uses_its_tool_twice_at_once_and_answers(make, tmp_path, stream):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        reply = await kernel.agent("Friday", model=make(stream=stream), tools=[get_weather])("weather")
    assert reply.text == "Cold, and warm in Xi'an."
    assert sorted(asked) == ["Oslo", "Xi'an"]
