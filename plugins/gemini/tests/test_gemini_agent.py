"""An agent with a tool, thinking, an image and structured output, against a peer that keeps the API's rules."""

from pydantic import BaseModel

from trouplet import Kernel
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock
from trouplet.testing.request_rules import violations

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SIGNED = {"thoughtSignature": "c2ln"}


class Verdict(BaseModel):
    thing: str
    degrees: int


def measure(thing: str) -> int:
    """Measure how warm a thing is, in degrees."""
    return 21


def called(name, **arguments):
    return {"functionCall": {"name": name, "args": arguments, "id": f"fc-{name}"}}


async def test_one_program_with_everything_runs(tmp_path, peer, said):
    peer.answers(
        [
            said({"text": "A cup. I measure.", "thought": True}),
            said({**called("measure", thing="cup"), **SIGNED}, finish="STOP"),
        ],
        [said({"text": '{"thing": "cup", '}), said({"text": '"degrees": 21}'}, finish="STOP")],
    )
    question = Msg("Ann", [TextBlock("What is it, and how warm?"), ImageBlock(Base64Source("image/png", PNG))])
    environ = {"GOOGLE_GEMINI_BASE_URL": peer.url}
    async with Kernel(environ=environ, keys={"gemini": "k"}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        agent = kernel.agent("Friday", model=kernel.model("gemini:gemini-3.8-flash", thinking="high"), tools=[measure])
        reply = await agent(question, output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    first, second = peer.bodies
    assert [violations("gemini", body) for body in peer.bodies] == [[], []]
    config = first["generationConfig"]
    assert config["thinkingConfig"] == {"includeThoughts": True, "thinkingLevel": "HIGH"}
    assert config["responseJsonSchema"]["required"] == ["thing", "degrees"]
    assert first["contents"][-1]["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": PNG}}
    answered, result = second["contents"][-2:]
    assert answered["parts"] == [
        {"text": "A cup. I measure.", "thought": True}, {**called("measure", thing="cup"), **SIGNED},
    ]  # fmt: skip
    assert result["parts"] == [
        {"functionResponse": {"name": "measure", "response": {"output": "21"}, "id": "fc-measure"}}
    ]


async def test_a_model_that_takes_no_schema_beside_tools_is_asked_with_a_tool(tmp_path, peer, said):
    peer.answers([said(called("generate_response", thing="cup", degrees=21), finish="STOP")])
    environ = {"GOOGLE_GEMINI_BASE_URL": peer.url}
    async with Kernel(environ=environ, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        agent = kernel.agent("Friday", model="gemini:gemini-2.5-flash", tools=[measure])
        reply = await agent("How warm is the cup?", output_type=Verdict)
    assert reply.output == Verdict(thing="cup", degrees=21)
    assert "responseJsonSchema" not in peer.body.get("generationConfig", {})


async def test_what_was_left_out_is_in_the_notes(tmp_path, peer, said):
    peer.answers([said({"text": "Hi"}, finish="STOP")])
    environ = {"GOOGLE_GEMINI_BASE_URL": peer.url}

    class Node(BaseModel):
        below: "list[Node]"

    def plant(node: Node) -> str:
        """Plant a tree."""
        return "Done."

    async with Kernel(environ=environ, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        model = kernel.model("gemini:gemini-3.8-flash", temperature=0.1)
        agent = kernel.agent("Friday", model=model, tools=[plant])
        for _ in range(2):  # the tools are put into their form once, and noted in each run
            reply = await agent("Hello")
            assert any("temperature" in note for note in reply.notes)
            assert any("'plant'" in note for note in reply.notes)
