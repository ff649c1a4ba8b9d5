"""An agent's whole run: tools, thinking, an image and structured output, through a kernel."""

import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


class Place(BaseModel):
    city: str


@pytest.fixture
async def kernel(dashscope):
    config = {"dashscope": {"base_url": dashscope.url}}
    async with Kernel(environ={}, keys={"dashscope": "sk-test"}, config=config) as made:
        yield made


async def test_an_agent_looks_at_an_image_thinks_and_uses_its_tools_at_once(dashscope, kernel):
    asked = []

    def get_weather(city: str) -> str:
        """Say how the weather is."""
        asked.append(city)
        return "-3 °C"

    model = kernel.model("dashscope:qwen3.7-plus", thinking=True, parallel_tool_calls=True)
    friday = kernel.agent("Friday", model=model, tools=[get_weather], sys_prompt="You are Friday.")
    picture = ImageBlock(Base64Source("image/png", PIXEL))
    reply = await friday(Msg("user", [TextBlock("Weather?"), picture]))
    assert sorted(asked) == ["Oslo", "Xi'an"]
    assert reply.text == "I see 1 images. -3 °C"
    first, second = [body["input"]["messages"] for _, _, body in dashscope.seen]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "tool", "tool"]
    assert second[2]["reasoning_content"] == "Let me see."
    assert second[:2] == first


async def test_tools_thinking_an_image_and_structured_output_in_one_run(dashscope, kernel):
    counted = []

    def count_leaves(plant: str) -> int:
        """Count the leaves of a plant."""
        counted.append(plant)
        return 12

    place = {"name": "generate_response", "arguments": {"city": "Oslo"}}
    dashscope.fixtures = [
        {
            "match": {"userMessage": "plant", "hasToolResult": False},
            "response": {
                "reasoning": "I count.",
                "toolCalls": [{"name": "count_leaves", "arguments": {"plant": "fern"}}],
            },
        },
        {"match": {"toolName": "generate_response", "hasToolResult": True}, "response": {"toolCalls": [place]}},
    ]
    model = kernel.model("dashscope:qwen3.8-flash", thinking="low")
    friday = kernel.agent("Friday", model=model, tools=[count_leaves])
    picture = ImageBlock(Base64Source("image/png", PIXEL))
    reply = await friday(Msg("user", [TextBlock("Where does this plant grow?"), picture]), output_type=Place)
    assert (reply.output, counted, reply.usage.calls) == (Place(city="Oslo"), ["fern"], 2)


async def test_structured_output_is_native_where_the_model_does_not_think(dashscope, kernel):
    friday = kernel.agent("Friday", model="dashscope:qwen-plus")
    reply = await friday("Where?", output_type=Place)
    assert reply.output == Place(city="Oslo")
    assert "response_format" in dashscope.seen[-1][2]["parameters"]


async def test_structured_output_comes_from_a_call_that_is_asked_for_where_it_does(dashscope, kernel):
    friday = kernel.agent("Friday", model="dashscope:qwen3.7-plus")
    reply = await friday("Where?", output_type=Place)
    assert reply.output == Place(city="Oslo")
    parameters = dashscope.seen[0][2]["parameters"]
    assert "response_format" not in parameters
    assert parameters.get("tool_choice", "auto") == "auto"
    assert parameters["tools"][0]["function"]["name"] == "generate_response"


async def test_a_model_that_was_told_not_to_think_is_made_to_call(dashscope, kernel):
    model = kernel.model("dashscope:qwen3.6-plus", thinking=False, multimodal=False)
    dashscope.seen.clear()
    friday = kernel.agent("Friday", model=model)
    reply = await friday("Where?", output_type=Place)
    assert reply.output == Place(city="Oslo")
    choice = dashscope.seen[0][2]["parameters"]["tool_choice"]
    assert choice == {"type": "function", "function": {"name": "generate_response"}}
