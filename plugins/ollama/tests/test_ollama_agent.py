"""An agent with a tool, thinking, an image and structured output, against a peer that keeps Ollama's rules."""

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


def called(name, **arguments):
    return [{"function": {"name": name, "arguments": arguments}}]


async def test_one_program_with_everything_runs(tmp_path, peer, line, end):
    verdict = {"thing": "cup", "degrees": 21}
    peer.answers(
        [line(thinking="A cup. "), line(thinking="I measure."), line(tool_calls=called("measure", thing="cup")), end],
        [line(tool_calls=called("generate_response", **verdict)), end],
    )
    question = Msg("Ann", [TextBlock("What is it, and how warm?"), ImageBlock(Base64Source("image/png", PNG))])
    async with Kernel(environ={"OLLAMA_HOST": peer.url}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        model = kernel.model("ollama:qwen3-vl", thinking=True)
        reply = await kernel.agent("Friday", model=model, tools=[measure])(question, output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    first, second = peer.bodies
    assert [violations("ollama", body) for body in peer.bodies] == [[], []]
    assert first["think"] is True
    assert first["messages"][-1]["images"] == [PNG]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["measure", "generate_response"]
    assert "format" not in first, "Ollama would never call a tool under a schema"
    answered, result = second["messages"][-2:]
    assert answered["thinking"] == "A cup. I measure."
    assert (result["role"], result["tool_name"], result["content"]) == ("tool", "measure", "21")


async def test_without_tools_the_schema_is_ollamas_own(tmp_path, peer, line, end):
    peer.answers([line(content='{"thing": "cup", '), line(content='"degrees": 21}'), end])
    async with Kernel(environ={"OLLAMA_HOST": peer.url}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        reply = await kernel.agent("Friday", model="ollama:llama3.3")("How warm is the cup?", output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    assert peer.body["format"]["properties"].keys() == {"thing", "degrees"}


async def test_a_model_that_cannot_be_made_to_call_a_tool_is_asked_all_the_same(tmp_path, peer, line, end):
    peer.answers(
        [line(content="Cup, 21."), end], [line(tool_calls=called("generate_response", thing="cup", degrees=21)), end]
    )
    async with Kernel(environ={"OLLAMA_HOST": peer.url}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        agent = kernel.agent("Friday", model="ollama:llama3.3", tools=[measure])
        reply = await agent("How warm is the cup?", output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    assert "generate_response" in peer.bodies[1]["messages"][-1]["content"]
