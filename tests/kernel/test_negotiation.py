import pytest

from trouplet import ReActAgent
from trouplet.conversation import ChatFormatter
from trouplet.errors import BadSetting, Unsupported
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import CAPABILITIES, ModelInfo, ModelRequest, ToolSchema
from trouplet.negotiation import negotiate, tool_choice
from trouplet.testing import ScriptedModel, call

LOOK = ToolSchema("look", "Look around.", {"type": "object", "properties": {}})
PICTURE = ImageBlock(Base64Source("image/png", "iVBORw0KGgo="))


def without(*lacking: str) -> ModelInfo:
    return ModelInfo("test", "m", CAPABILITIES - set(lacking))


async def look() -> str:
    """Look around."""
    return "a cup"


def test_a_request_that_the_model_can_take_is_left_as_it_is() -> None:
    request = ModelRequest([Msg("user", "Hi")], [LOOK], tool_choice="look", options={"thinking": True})
    assert negotiate(request, without()) is request


def test_tools_are_refused_for_a_model_without() -> None:
    with pytest.raises(Unsupported, match="test:m takes no tools"):
        negotiate(ModelRequest([Msg("user", "Hi")], [LOOK]), without("tools"))


@pytest.mark.parametrize("lacking", ["json_schema", "json_schema_tools"])
def test_a_schema_is_refused_for_a_model_that_does_not_take_it(lacking: str) -> None:
    with pytest.raises(Unsupported, match="output_type"):
        negotiate(ModelRequest([Msg("user", "Hi")], [LOOK], output_schema={"type": "object"}), without(lacking))


def test_what_is_changed_is_changed_in_a_copy() -> None:
    request = ModelRequest([Msg("user", "Hi")], [LOOK], tool_choice="required", options={"thinking": "low", "seed": 1})
    made = negotiate(request, without("tool_choice", "thinking"))
    assert (made.tool_choice, made.options) == ("auto", {"seed": 1})
    assert (request.tool_choice, request.options) == ("required", {"thinking": "low", "seed": 1})


def test_a_system_prompt_becomes_the_beginning_of_the_first_message() -> None:
    question = Msg("Ann", [TextBlock("Look."), PICTURE])
    made = negotiate(ModelRequest([Msg("system", "Be brief.", "system"), question]), without("system"))
    assert [msg.role for msg in made.messages] == ["user"]
    assert made.messages[0].content == (TextBlock("Be brief.\n"), TextBlock("Look."), PICTURE)
    assert made.messages[0] == question
    alone = negotiate(ModelRequest([Msg("system", "Be brief.", "system")]), without("system"))
    assert [(msg.role, msg.text) for msg in alone.messages] == [("user", "Be brief.")]


async def test_the_run_says_what_was_given_up_once() -> None:
    model = ScriptedModel(
        [call("look"), "A cup."], capabilities=CAPABILITIES - {"thinking", "system", "json_schema_tools"}
    )
    agent = ReActAgent("Friday", model=model, sys_prompt="Be brief.", tools=[look])
    reply = await agent("What is there?", thinking="low")
    assert len(reply.notes) == 2
    assert "thinking" in reply.notes[0]
    assert "system prompt" in reply.notes[1]


def test_a_choice_is_a_word_or_one_of_the_tools() -> None:
    assert tool_choice(ModelRequest([], [LOOK], tool_choice="look")) == "look"
    assert tool_choice(ModelRequest([], [LOOK], tool_choice="required")) == "required"
    assert tool_choice(ModelRequest([], tool_choice="auto")) is None
    with pytest.raises(BadSetting, match="look"):
        tool_choice(ModelRequest([], [LOOK], tool_choice="lok"))
    with pytest.raises(BadSetting, match="none"):
        tool_choice(ModelRequest([], tool_choice="required"))


class BlockFormatter(ChatFormatter):
    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        return [{"blocks": msg.content}]


async def test_media_that_the_model_does_not_take_are_named_and_not_sent() -> None:
    formatter = BlockFormatter()
    formatter.fit(without("vision"))
    result = ToolResultBlock("1", "look", (TextBlock("See:"), PICTURE))
    history = [
        Msg("Ann", [TextBlock("What is this?"), PICTURE]),
        Msg("Friday", ToolUseBlock("1", "look", {}), "assistant"),
        Msg("Friday", result, "tool"),
    ]
    first, _, last = await formatter.format(history)
    assert [block.type for block in first["blocks"]] == ["text", "text"]
    assert "image" in first["blocks"][1].text
    assert [block.type for block in last["blocks"][0].output] == ["text", "text"]
    assert history[0].content[1] is PICTURE
    assert (await formatter.format(history))[0] is first


async def test_a_run_says_that_the_model_did_not_see_the_image() -> None:
    model = ScriptedModel(["No idea."])
    model.formatter = BlockFormatter()
    model.formatter.fit(without("vision"))
    agent = ReActAgent("Friday", model=model)

    async def formats(request: ModelRequest, scope: object) -> None:
        await model.formatter.format(request.messages)

    agent.hooks.add("before_reasoning", formats)
    reply = await agent(Msg("Ann", [TextBlock("What is this?"), PICTURE]))
    assert ["image" in note for note in reply.notes] == [True]
