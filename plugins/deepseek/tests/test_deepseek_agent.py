"""An agent with a tool, thinking, an image and structured output, against a peer that keeps DeepSeek's rules."""

import json

import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock
from trouplet.testing.request_rules import violations

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


class Verdict(BaseModel):
    thing: str
    degrees: int


def measure(thing: str) -> int:
    """Measure how warm a thing is, in degrees."""
    return 21


def called(id, name, **arguments):
    function = {"name": name, "arguments": json.dumps(arguments)}
    return [{"index": 0, "id": id, "type": "function", "function": function}]


@pytest.mark.parametrize("thinking", [True, False])
async def test_one_program_with_everything_runs(tmp_path, peer, delta, thinking):
    peer.answers(
        [delta(reasoning_content="A cup."), delta("tool_calls", tool_calls=called("c1", "measure", thing="cup"))],
        [delta("tool_calls", tool_calls=called("c2", "generate_response", thing="cup", degrees=21))],
    )
    question = Msg("Ann", [TextBlock("What is it, and how warm?"), ImageBlock(Base64Source("image/png", PNG))])
    environ = {"DEEPSEEK_BASE_URL": peer.url, "DEEPSEEK_API_KEY": "sk-1"}
    async with Kernel(environ=environ, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        model = kernel.model("deepseek:deepseek-flash", thinking=thinking)
        reply = await kernel.agent("Friday", model=model, tools=[measure])(question, output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    first, second = peer.bodies
    assert [violations("deepseek", body) for body in peer.bodies] == [[], []]
    assert PNG in first["messages"][-1]["content"][1]["image_url"]["url"]
    assert first.get("tool_choice") == (None if thinking else "required")
    answered, result = second["messages"][-2:]
    assert answered["reasoning_content"] == "A cup."
    assert (result["role"], result["tool_call_id"], result["content"]) == ("tool", "c1", "21")
