"""Against a mock of the API that somebody else wrote: npm's ``@copilotkit/aimock``, in a process of its own.

It is installed once, into the user's cache folder. Without node, npm or a registry these tests are skipped.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import aclosing
from pathlib import Path

import pytest

from trouplet import Kernel
from trouplet.errors import RateLimited, StreamInterrupted
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock
from trouplet.model_io import ModelRequest, TextChunk, ToolSchema
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIChatModel

VERSION = "1.43.0"
FIXTURES = {
    "fixtures": [
        {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
        {"match": {"userMessage": "think"}, "response": {"content": "42", "reasoning": "Let me see."}},
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
        {
            "match": {"userMessage": "weather", "hasToolResult": True},
            "response": {"content": "Cold in Oslo, warm in Xi'an."},
        },
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
}
WEATHER = ToolSchema(
    "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
)


@pytest.fixture(scope="module")
def program():
    """The program of the mock, installed if it is not there yet."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trouplet-tests"
    home = cache / f"aimock-{VERSION}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, f"@copilotkit/aimock@{VERSION}"]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=120)
            except (subprocess.SubprocessError, OSError) as error:
                pytest.skip(f"npm could not install @copilotkit/aimock: {error}")
            Path(folder).chmod(0o755)
            if not home.exists():
                Path(folder, "node_modules").rename(home)
    return home / "@copilotkit" / "aimock" / "dist" / "cli.js"


@pytest.fixture
async def mock(program, tmp_path):
    """The running mock's address."""
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps(FIXTURES))
    process = await asyncio.create_subprocess_exec(
        "node", str(program), "-p", "0", "-f", str(fixtures), "-c", "7", stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            while b"listening on " not in (line := await process.stdout.readline()):
                assert line, "the mock ended before it listened"
        yield line.decode().split("listening on ")[1].strip()
    finally:
        process.kill()
        await process.communicate()


@pytest.fixture
async def make(mock):
    models = []

    def build(**options):
        options = {"base_url": f"{mock}/v1", "retry": RetryPolicy(max_retries=0)} | options
        models.append(OpenAIChatModel("gpt-5-mini", **options))
        return models[-1]

    yield build
    for model in models:
        await model.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_text_reasoning_and_usage_come_from_the_mock(make, ask, response, stream):
    model = make(stream=stream)
    plain = response(await ask(model, "hello"))
    assert plain.content == (TextBlock("Hello! How can I help you today?"),)
    assert plain.finish_reason == "stop"
    assert plain.usage.input_tokens > 0
    assert plain.usage.output_tokens > 0
    thought = response(await ask(model, "think"))
    assert thought.content == (ThinkingBlock("Let me see."), TextBlock("42"))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_round_of_parallel_tools_with_the_mock(make, mock, ask, response, stream):
    model = make(stream=stream, parallel_tool_calls=True)
    question = Msg("user", "weather")
    first = response(await ask(model, messages=[question], tools=[WEATHER]))
    assert first.finish_reason == "tool_calls"
    text, *calls = first.content
    assert text == TextBlock("I'll look.")
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Xi'an"}]
    results = [ToolResultBlock(call.id, call.name, (TextBlock("-3 °C"),)) for call in calls]
    history = [question, Msg("Friday", first.content, "assistant"), Msg("Friday", results, "tool")]
    second = response(await ask(model, messages=history, tools=[WEATHER]))
    assert second.content == (TextBlock("Cold in Oslo, warm in Xi'an."),)


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
    assert "This is much too long".startswith(caught.value.partial[:10])
    assert caught.value.partial


async def test_an_error_of_the_mock_is_typed(make, ask):
    with pytest.raises(RateLimited, match="Slow down") as caught:
        await ask(make(), "wait")
    assert caught.value.retryable


async def test_an_agent_uses_its_tool_twice_at_once_and_answers(make, tmp_path):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        reply = await kernel.agent("Friday", model=make(), tools=[get_weather])("weather")
    assert reply.text == "Cold in Oslo, warm in Xi'an."
    assert sorted(asked) == ["Oslo", "Xi'an"]
