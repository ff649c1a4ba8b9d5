"""One program, every model: tools, thinking, an image and structured output, and only the model's name changes.

The servers are npm's aimock, which somebody else wrote, and for DashScope the fixture server of its plugin, which is
checked with the vendor's own SDK.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from providers import dashscope_server
from pydantic import BaseModel

from trouplet import Kernel, Msg, TextBlock
from trouplet.messages import Base64Source, ImageBlock

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
PLANT = {"name": "fern", "leaves": 12}
FIXTURES = [
    {
        "match": {"userMessage": "plant", "hasToolResult": False},
        "response": {
            "content": "",
            "reasoning": "I have to count them.",
            "toolCalls": [{"name": "count_leaves", "arguments": {"plant": "fern"}}],
        },
    },
    {
        "match": {"toolName": "generate_response", "hasToolResult": True},
        "response": {"toolCalls": [{"name": "generate_response", "arguments": PLANT}]},
    },
    {"match": {"userMessage": "plant", "hasToolResult": True}, "response": {"content": json.dumps(PLANT)}},
]


class Plant(BaseModel):
    name: str
    leaves: int


async def the_program(model: str, kernel: Kernel, counted: list[str], **options: Any) -> Any:
    """The same for every provider: nothing in it knows which one it is."""

    async def count_leaves(plant: str) -> int:
        """Count the leaves of a plant."""
        counted.append(plant)
        return 12

    friday = kernel.agent(
        "Friday",
        model=kernel.model(model, thinking="low", **options),
        sys_prompt="You know plants.",
        tools=[count_leaves],
    )
    picture = ImageBlock(Base64Source("image/png", PIXEL))
    return await friday(Msg("user", [TextBlock("Which plant is this?"), picture]), output_type=Plant)


MODELS = {
    "openai:gpt-5.4-mini": {"path": "/v1", "api": "chat"},
    "openai:gpt-6-sol": {"path": "/v1", "api": "responses"},
    "anthropic:claude-sonnet-5-5": {"path": ""},
    "gemini:gemini-3.8-flash": {"path": "/v1beta"},
    "dashscope:qwen3.8-flash": {"path": ""},
    "ollama:qwen3.5": {"path": ""},
    "deepseek:deepseek-v4-flash": {"path": "/v1"},
}


@asynccontextmanager
async def server_of(model: str, aimock: Callable[[Any], Awaitable[str]]) -> AsyncIterator[str]:
    if model.startswith("dashscope:"):
        async with dashscope_server(FIXTURES) as url:
            yield url
    else:
        yield await aimock(FIXTURES)


@pytest.mark.parametrize("model", MODELS)
async def test_the_same_program_runs_over_every_provider(
    model: str, aimock: Callable[[Any], Awaitable[str]], tmp_path: Path
) -> None:
    counted: list[str] = []
    options = dict(MODELS[model])
    path = options.pop("path")
    keys = {model.partition(":")[0]: "k"}
    async with server_of(model, aimock) as url, Kernel(environ={}, keys=keys, data_dir=tmp_path) as kernel:
        reply = await the_program(model, kernel, counted, base_url=url + path, **options)
    assert reply.output == Plant(**PLANT)
    assert counted == ["fern"]
    assert reply.status == "completed"
    assert reply.usage.calls == 2
