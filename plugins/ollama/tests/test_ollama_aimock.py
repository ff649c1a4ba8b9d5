"""Against a mock of the API that somebody else wrote: npm's ``@copilotkit/aimock``, in a process of its own.

It does not speak of thinking as Ollama does (it says ``reasoning_content``), and counts no tokens.
"""

import pytest

from trouplet import Kernel
from trouplet.errors import ModelError, RateLimited, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ToolResultBlock
from trouplet.model_io import ToolSchema
from trouplet_http import RetryPolicy
from trouplet_ollama import OllamaChatModel, OllamaEmbedding

FIXTURES = [
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {
        "match": {"userMessage": "weather", "hasToolResult": False},
        "response": {
            "content": "I'll look.",
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
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)


@pytest.fixture
async def make(aimock):
    models, url = [], await aimock(FIXTURES)

    def build(**options):
        models.append(OllamaChatModel("qwen3", base_url=url, retry=RetryPolicy(max_retries=0), **options))
        return models[-1]

    yield build
    for model in models:
        await model.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_text_comes_from_the_mock(make, ask, fold, stream):
    got = fold(await ask(make(stream=stream), "hello"))
    assert got.content == (TextBlock("Hello! How can I help you today?"),)
    assert got.finish_reason == "stop"
    assert got.usage.unknown == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_round_of_parallel_tools_with_the_mock(make, ask, fold, stream):
    model, question = make(stream=stream), Msg("user", "weather")
    first = fold(await ask(model, messages=[question], tools=[WEATHER]))
    assert first.finish_reason == "tool_calls"
    text, *calls = first.content
    assert text == TextBlock("I'll look.")
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    results = [ToolResultBlock(call.id, call.name, (TextBlock("-3 °C"),)) for call in calls]
    history = [question, Msg("Friday", first.content, "assistant"), Msg("Friday", results, "tool")]
    second = fold(await ask(model, messages=history, tools=[WEATHER]))
    assert second.content == (TextBlock("Cold, and warm in Xi'an."),)


async def test_a_stream_that_the_mock_cuts_off_is_an_interruption(make, ask):
    with pytest.raises(StreamInterrupted) as caught:
        await ask(make(), "cut")
    assert caught.value.partial
    assert "This is much too long".startswith(caught.value.partial[:10])


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down"):
        await ask(make(), "wait")
    with pytest.raises(ModelError):
        await ask(make(), "nobody wrote an answer to this")


async def test_the_mock_embeds(aimock):
    embedding = OllamaEmbedding("e", base_url=await aimock([]), dimensions=1536)
    made = await embedding.embed(["one kettle"])
    await embedding.aclose()
    assert len(made.vectors[0]) == 1536
    assert made.usage.unknown == 1


async def test_an_agent_uses_its_tool_twice_at_once_and_answers(make, tmp_path):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        reply = await kernel.agent("Friday", model=make(), tools=[get_weather])("weather")
    assert reply.text == "Cold, and warm in Xi'an."
    assert sorted(asked) == ["Oslo", "Xi'an"]
