"""What is asked for, and how: endpoints, options, thinking, the choice of tools."""

import pytest

from trouplet.errors import BadSetting, RequestRejected, Unsupported
from trouplet.messages import Msg, TextBlock
from trouplet.model_io import ModelInfo, ToolSchema
from trouplet.scope import current_run
from trouplet_dashscope import DashScopeChatModel

TOOL = ToolSchema("look", "Look.", {"type": "object", "properties": {}})
OTHER = ToolSchema("brew", "Brew tea.", {"type": "object", "properties": {}})
FORCED = {"type": "function", "function": {"name": "look"}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class Listener:
    """A run, as far as notes go."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def sent(dashscope, model, ask):
    """The parameters that one request is sent with."""

    async def parameters(name="qwen-plus", *, made=None, **fields):
        await ask(model(name, **(made or {})), **fields)
        return dashscope.seen[-1][2]["parameters"]

    return parameters


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("qwen-plus", "text"), ("qwen3-max", "text"), ("qwen3.7-max", "text"), ("qwen-plus-2025-09-11", "text"),
        ("qwen3.7-plus", "multimodal"), ("qwen3.8-max-0902", "multimodal"), ("qwen3-vl-flash", "multimodal"),
        ("qvq-max", "multimodal"), ("qwen3.8-omni-flash", "multimodal"), ("qwen3.5-397b-a17b", "multimodal"),
    ],
)  # fmt: skip
def test_the_capabilities_of_a_model_tell_its_endpoint(name, endpoint):
    assert f"/{endpoint}-generation/" in DashScopeChatModel(name, api_key="k")._path


async def test_the_endpoint_can_be_said(dashscope, model, ask):
    with pytest.raises(RequestRejected, match="other endpoint"):
        await ask(model(multimodal=True))
    assert "/multimodal-generation/" in dashscope.seen[-1][0]


@pytest.mark.parametrize(
    ("thinking", "fields"),
    [
        (True, {"enable_thinking": True}),
        (False, {"enable_thinking": False}),
        (0, {"enable_thinking": False}),
        ("low", {"enable_thinking": True, "thinking_budget": 4096}),
        ("medium", {"enable_thinking": True, "thinking_budget": 16384}),
        ("high", {"enable_thinking": True}),
        (500, {"enable_thinking": True, "thinking_budget": 500}),
    ],
)
async def test_thinking_is_said_in_the_words_of_the_api(sent, thinking, fields):
    made = await sent(options={"thinking": thinking})
    assert {name: value for name, value in made.items() if "thinking" in name} == fields


@pytest.mark.parametrize(
    ("name", "thinking", "able"),
    [
        ("qwen-plus", None, True), ("qwen-plus", True, False), ("qwen3.7-plus", None, False),
        ("qwen3.7-plus", False, True), ("qwq-plus", False, False), ("qwen-max", None, True),
        ("a-model-that-is-new", None, False),
    ],
)  # fmt: skip
def test_a_model_that_thinks_cannot_be_made_to_call_and_says_so(name, thinking, able):
    info = DashScopeChatModel(name, api_key="k", thinking=thinking).info
    assert ("tool_choice" in info.capabilities) is able
    assert "tools" in info.capabilities
    if not able:
        assert "json_schema" not in info.capabilities


def test_a_model_that_does_not_think_is_not_asked_to():
    with pytest.raises(BadSetting, match="does not think"):
        DashScopeChatModel("qwen-max", api_key="k", thinking=True)
    assert DashScopeChatModel("qwen-max", api_key="k", thinking=False).info.name == "qwen-max"


async def test_thinking_that_cannot_be_turned_off_is_not_and_says_so(sent):
    run = Listener()
    current_run.set(run)
    assert "enable_thinking" not in await sent("qwq-plus", made={"thinking": False})
    assert ["always thinks" in note for note in run.notes] == [True]


def test_a_model_on_the_text_endpoint_takes_no_media():
    model = DashScopeChatModel("qwen3.7-plus", api_key="k", multimodal=False)
    assert "vision" not in model.info.capabilities
    assert model.formatter.takes == frozenset()


async def test_one_tool_can_be_required_by_its_name(sent):
    assert (await sent(tools=[TOOL], tool_choice="required"))["tool_choice"] == FORCED
    assert (await sent(tools=[TOOL, OTHER], tool_choice="look"))["tool_choice"] == FORCED
    assert (await sent(tools=[TOOL, OTHER], tool_choice="none"))["tool_choice"] == "none"


@pytest.mark.parametrize(
    ("tools", "options"), [([TOOL, OTHER], {}), ([TOOL], {"thinking": True}), ([TOOL], {"enable_thinking": True})]
)
async def test_what_cannot_be_required_is_left_to_the_model_with_a_note(sent, tools, options):
    run = Listener()
    current_run.set(run)
    assert (await sent(tools=tools, tool_choice="required", options=options))["tool_choice"] == "auto"
    assert len(run.notes) == 1
    assert "cannot be made to call" in run.notes[0]


async def test_a_schema_is_not_asked_for_while_the_model_thinks(model, ask, dashscope):
    assert (await ask(model(), output_schema=SCHEMA)).content == (TextBlock('{"city": "Oslo"}'),)
    assert dashscope.seen[-1][2]["parameters"]["response_format"]["json_schema"]["strict"] is True
    with pytest.raises(Unsupported, match="while it thinks"):
        await ask(model(), output_schema=SCHEMA, options={"thinking": True})


async def test_what_is_only_streamed_is_collected_for_who_wants_it_whole(dashscope, model, ask):
    await ask(model("qwen3.7-max", stream=False))
    assert dashscope.seen[-1][1]["x-dashscope-sse"] == "enable"
    assert dashscope.seen[-1][2]["parameters"]["incremental_output"] is True
    await ask(model("qwen3.7-max", stream=False), options={"thinking": False})
    assert "x-dashscope-sse" not in dashscope.seen[-1][1]
    assert "incremental_output" not in dashscope.seen[-1][2]["parameters"]


async def test_a_model_that_translates_is_not_streamed(dashscope, model, ask):
    response = await ask(model("qwen-mt-plus", translation_options={"target_lang": "French"}))
    assert response.content == (TextBlock("You said: Hello"),)
    assert "x-dashscope-sse" not in dashscope.seen[-1][1]


async def test_the_beginning_of_an_answer_is_gone_on_from(dashscope, model, ask):
    history = [Msg("user", "Count."), Msg("Friday", "One, two,", "assistant")]
    await ask(model(), messages=history)
    assert dashscope.seen[-1][2]["input"]["messages"][-1] == {
        "role": "assistant", "content": "One, two,", "partial": True,
    }  # fmt: skip


async def test_fields_that_are_not_known_go_to_the_parameters_or_the_top(dashscope, model, ask):
    extra = {"made_up": 1, "parameters": {"invented": 2}}
    await ask(model(temperature=0.5, extra_body=extra))
    body = dashscope.seen[-1][2]
    assert body["made_up"] == 1
    assert (body["parameters"]["invented"], body["parameters"]["temperature"]) == (2, 0.5)


@pytest.mark.parametrize("option", ["incremental_output", "result_format", "n"])
def test_what_the_plugin_decides_is_no_option(option):
    with pytest.raises(BadSetting, match=option):
        DashScopeChatModel("qwen-plus", api_key="k", **{option: 1})


def test_an_info_of_ones_own_is_believed():
    info = ModelInfo("dashscope", "mine", frozenset({"tools", "vision"}))
    model = DashScopeChatModel("mine", base_url="http://127.0.0.1:9", info=info)
    assert "/multimodal-generation/" in model._path
    assert (model.info.name, model.info.capabilities) == (info.name, info.capabilities)
