"""An agent with a tool, thinking, an image and structured output, and what it says about what it could not do."""

import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock
from trouplet.testing.request_rules import violations

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


class Verdict(BaseModel):
    thing: str
    degrees: int


def measure(thing: str) -> int:
    """Measure how warm a thing is, in degrees."""
    return 21


@pytest.fixture
async def kernel(tmp_path, api):
    folders = {"data_dir": tmp_path, "cache_dir": tmp_path}
    async with Kernel(environ={}, keys={"anthropic": "k"}, resources={"http": api.client}, **folders) as kernel:
        yield kernel


async def test_one_program_with_everything_runs(api, kernel, said, thought, called):
    api.answers(
        said(thought("A cup. I measure.", "sig-1"), called("measure", thing="cup"), stop="tool_use"),
        said(thought("", "sig-2"), '{"thing": "cup", "degrees": 21}'),
    )
    question = Msg("Ann", [TextBlock("What is it, and how warm?"), ImageBlock(Base64Source("image/png", PNG))])
    model = kernel.model("anthropic:claude-opus-5-5", thinking="medium", cache=True)
    reply = await kernel.agent("Friday", model=model, sys_prompt="Be exact.", tools=[measure])(
        question, output_type=Verdict
    )
    assert reply.output == Verdict(thing="cup", degrees=21)
    assert reply.notes == ()
    first, second = api.bodies
    assert [violations("anthropic", body) for body in api.bodies] == [[], []]
    assert first["output_config"]["format"]["schema"]["required"] == ["thing", "degrees"]
    assert first["thinking"]["display"] == "summarized"
    assert [tool["name"] for tool in first["tools"]] == ["measure"]
    assert first["messages"][0]["content"][1]["source"]["data"] == PNG
    answered, result = second["messages"][1:]
    assert answered["content"][0] == {"type": "thinking", "thinking": "A cup. I measure.", "signature": "sig-1"}
    assert result["content"][0]["content"] == [{"type": "text", "text": "21"}]


async def test_what_could_not_be_sent_is_noted(api, kernel, said):
    events = said("Yes.")
    dropped = [{"type": "thinking_dropped", "path": "messages.1.content.0", "reason": "prefix_binding_mismatch"}]
    events[0]["message"]["input_transformations"] = dropped
    api.answers(events)
    agent = kernel.agent(
        "Friday", model=kernel.model("anthropic:claude-opus-5-5", temperature=0.5, thinking=False, top_p=0.9)
    )
    await agent.observe([Msg("Friday", [ThinkingBlock("Hm."), TextBlock("Hello.")], "assistant")])
    reply = await agent("Well?")
    told = "\n".join(reply.notes)
    for word in (
        "temperature, top_p left out",
        "always thinks",
        "reasoning that did not come from anthropic",
        "earlier",
    ):
        assert word in told


async def test_a_schema_beyond_the_api_is_asked_for_all_the_same(api, kernel, said):
    api.answers(said('{"a": 1}'))
    reply = await kernel.agent("Friday", model="anthropic:claude-opus-5-5")("Count.", output_type=dict[str, int])
    assert reply.output == {"a": 1}
    assert "beyond what Claude enforces" in reply.notes[0]
    assert "additionalProperties" in api.body["system"][-1]["text"]


async def test_a_model_that_may_be_forced_is_where_there_is_no_schema(api, kernel, said, called):
    api.answers(said(called("generate_response", thing="cup", degrees=21), stop="tool_use"))
    model = kernel.model("anthropic:qwen", base_url="https://proxy.example")
    reply = await kernel.agent("Friday", model=model)("How warm?", output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    assert api.body["tool_choice"] == {"type": "any"}
