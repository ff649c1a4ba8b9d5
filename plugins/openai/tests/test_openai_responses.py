"""What is particular to the Responses API: items, encrypted reasoning, phases, options."""

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, ProviderUnavailable
from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet.model_io import ModelRequest, ToolSchema
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIResponsesFormatter, OpenAIResponsesModel

LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {}})
BREW = ToolSchema("brew", "Brew.", {"type": "object", "properties": {}})
PNG = Base64Source("image/png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ")


def body(**fields):
    return {"id": "resp_1", "model": "m-1", "status": "completed", "error": None, "output": [], **fields}


@pytest.fixture
async def make(peer):
    made = []

    def build(name="gpt-6-sol", **options):
        options = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0), "stream": False} | options
        made.append(OpenAIResponsesModel(name, **options))
        return made[-1]

    yield build
    for one in made:
        await one.aclose()


@pytest.fixture
def sent(peer, make, ask):
    """The body that a request makes."""

    async def send(options=None, *, model="gpt-6-sol", **fields):
        peer.answers(body())
        await ask(make(model, **(options or {})), **fields)
        assert peer.paths[-1] == "/v1/responses"
        return peer.bodies[-1]

    return send


async def test_a_conversation_is_not_stored_and_its_reasoning_comes_back_encrypted(sent):
    made = await sent()
    assert made == {
        "model": "gpt-6-sol",
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "input": [{"role": "user", "content": "Hello"}],
    }
    assert "include" not in await sent(model="gpt-4.1")
    assert (await sent({"store": True}))["store"] is True


async def test_options_go_where_the_api_has_them(sent):
    made = await sent(
        {"max_tokens": 9, "verbosity": "low", "temperature": 0.5, "top_p": 0.25, "reasoning_effort": "low"}
    )
    assert (made["max_output_tokens"], made["text"], made["reasoning"]) == (9, {"verbosity": "low"}, {"effort": "low"})
    assert (made["temperature"], made["top_p"]) == (0.5, 0.25)
    schema = {"title": "T", "type": "object", "properties": {"a": {"type": "string"}}}
    made = await sent({"verbosity": "low"}, output_schema=schema)
    assert made["text"]["verbosity"] == "low"
    assert made["text"]["format"]["type"] == "json_schema"
    assert made["text"]["format"]["strict"] is True


@pytest.mark.parametrize(
    ("model", "thinking", "reasoning"),
    [
        ("gpt-6-sol", True, {"summary": "auto"}),
        ("gpt-6-sol", "high", {"effort": "high", "summary": "auto"}),
        ("gpt-6-sol", 1000, {"effort": "low", "summary": "auto"}),
        ("gpt-6-sol", 5000, {"effort": "medium", "summary": "auto"}),
        ("gpt-6-sol", 50_000, {"effort": "high", "summary": "auto"}),
        ("gpt-6-sol", False, {"effort": "none"}),
        ("gpt-6-sol", 0, {"effort": "none"}),
        ("gpt-5-mini", False, {"effort": "minimal"}),
        ("gpt-6-astra", False, {"effort": "low"}),
    ],
)
async def test_thinking_is_an_effort_with_a_summary(sent, model, thinking, reasoning):
    assert (await sent({"thinking": thinking}, model=model))["reasoning"] == reasoning


async def test_tools_keep_their_schema(sent):
    made = await sent(tools=[LOOK], tool_choice="look")
    assert made["tools"][0] == {
        "type": "function", "name": "look", "description": "Look.", "parameters": LOOK.parameters, "strict": False,
    }  # fmt: skip
    assert made["tool_choice"] == {"type": "function", "name": "look"}
    assert (await sent(tools=[LOOK], tool_choice="required"))["tool_choice"] == "required"


async def test_the_choice_may_be_limited_to_some_of_the_tools(sent):
    made = await sent(tools=[LOOK, BREW], options={"allowed_tools": ["brew"]}, tool_choice="required")
    assert made["tool_choice"] == {
        "type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "brew"}],
    }  # fmt: skip
    assert [tool["name"] for tool in made["tools"]] == ["look", "brew"]
    assert (await sent({"allowed_tools": ["look"]}, tools=[LOOK]))["tool_choice"]["mode"] == "auto"
    with pytest.raises(BadSetting, match="look"):
        await sent(tools=[LOOK], options={"allowed_tools": ["fly"]})


async def test_what_the_kernel_keeps_itself_is_no_option(make):
    with pytest.raises(BadSetting, match="keeps the conversation itself"):
        make(previous_response_id="resp_0")


async def test_a_model_that_reasons_at_openai_is_sent_no_sampling_options(peer):
    async with Kernel(environ={}, keys={"openai": "sk-1"}) as kernel:
        model = kernel.model("openai:gpt-6-sol", temperature=0.5)
        built = model._body.build(ModelRequest([Msg("user", "Hi")]), [])
        assert "temperature" not in built
        built = model._body.build(ModelRequest([Msg("user", "Hi")], options={"reasoning_effort": "none"}), [])
        assert built["temperature"] == 0.5


async def test_openai_itself_is_asked_by_responses_and_others_by_chat(peer):
    async with Kernel(environ={}, keys={"openai": "sk-1"}) as kernel:
        assert isinstance(kernel.model("openai:gpt-6-astra"), OpenAIResponsesModel)
        assert not isinstance(kernel.model("openai:gpt-6-astra", api="chat"), OpenAIResponsesModel)
        assert not isinstance(kernel.model("openai:m", base_url=peer.url), OpenAIResponsesModel)
        assert isinstance(kernel.model("openai:m", base_url=peer.url, api="responses"), OpenAIResponsesModel)
        with pytest.raises(BadSetting, match="api='completions'"):
            kernel.model("openai:m", api="completions")


async def test_the_account_goes_to_openai_alone(peer):
    environ = {"OPENAI_ORG_ID": "org-1"}
    async with Kernel(environ=environ, keys={"openai": "sk-1"}) as kernel:
        assert kernel.model("openai:gpt-6-sol")._client._headers["OpenAI-Organization"] == "org-1"
        assert "OpenAI-Organization" not in kernel.model("openai:m", base_url=peer.url)._client._headers


HISTORY = [
    Msg("system", "Be brief.", "system"),
    Msg("user", [TextBlock("See:"), ImageBlock(PNG)]),
    Msg(
        "Friday",
        [
            ThinkingBlock("Look first.", {"openai": {"reasoning": {"id": "rs_1", "encrypted_content": "e1"}}}),
            ThinkingBlock("Somebody else's.", {"anthropic": {"signature": "s"}}),
            TextBlock("A moment.", {"openai": {"phase": "commentary"}}),
            ToolUseBlock("call_1", "look", {}, "{}"),
            ToolUseBlock("call_2", "brew", {"kind": "green"}),
        ],
        "assistant",
    ),
    Msg(
        "Friday",
        [
            ToolResultBlock("call_1", "look", (TextBlock("This:"), ImageBlock(PNG))),
            ToolResultBlock("call_2", "brew", (TextBlock("No water."),), "error"),
        ],
        "tool",
    ),
]


async def test_every_block_is_an_item():
    made = await OpenAIResponsesFormatter(image_detail="low").format(HISTORY)
    url = f"data:image/png;base64,{PNG.data}"
    image = {"type": "input_image", "image_url": url, "detail": "low"}
    assert made == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "See:"}, image]},
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Look first."}],
            "id": "rs_1",
            "encrypted_content": "e1",
        },
        {"role": "assistant", "content": "A moment.", "phase": "commentary"},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "call_2", "name": "brew", "arguments": '{"kind": "green"}'},
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [{"type": "input_text", "text": "This:"}, image],
        },
        {"type": "function_call_output", "call_id": "call_2", "output": "No water."},
    ]


async def test_a_server_that_wants_whole_messages_gets_them():
    said = Msg("Friday", [TextBlock("Hi."), TextBlock("And bye.")], "assistant", id="m1")
    first, second = await OpenAIResponsesFormatter(whole_messages=True).format([said])
    assert first == {
        "type": "message",
        "role": "assistant",
        "id": "msg_m1_0",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
    }
    assert second["id"] == "msg_m1_1"


async def test_reasoning_that_led_to_nothing_is_not_sent():
    thought = ThinkingBlock("Hm.", {"openai": {"reasoning": {"id": "rs_1", "encrypted_content": "e1"}}})
    formatter = OpenAIResponsesFormatter()
    assert await formatter.format([Msg("Friday", [thought], "assistant")]) == []
    made = await formatter.format([Msg("Friday", [thought, TextBlock("Hi."), thought], "assistant")])
    assert [item.get("type", "message") for item in made] == ["reasoning", "message"]


async def test_calls_of_a_server_that_numbers_no_items_stay_apart(peer, make, ask, fold):
    calls = [
        {"type": "function_call", "call_id": f"fc_{name}", "name": name, "arguments": f'{{"of": "{name}"}}'}
        for name in ("look", "brew")
    ]
    events = [{"type": "response.output_item.added", "item": call | {"arguments": ""}} for call in calls]
    delta = {"type": "response.function_call_arguments.delta"}
    events += [{**delta, "item_id": call["call_id"], "delta": call["arguments"]} for call in calls]
    events += [{"type": "response.output_item.done", "item": call} for call in calls]
    peer.answers([*events, {"type": "response.completed", "response": body(output=calls)}])
    content = fold(await ask(make(stream=True))).content
    assert [(call.id, call.input) for call in content] == [
        ("fc_look", {"of": "look"}),
        ("fc_brew", {"of": "brew"}),
    ]


async def test_audio_has_no_place_and_is_told_of(make, ask, peer):
    peer.answers(body())
    sound = AudioBlock(Base64Source("audio/wav", "UklGRg=="))
    result = Msg("Friday", ToolResultBlock("c", "hear", (sound,)), "tool")
    called = Msg("Friday", ToolUseBlock("c", "hear", {}), "assistant")
    await ask(make(), messages=[Msg("Ann", [TextBlock("Hear:"), sound]), called, result])
    said, _, heard = peer.bodies[0]["input"]
    assert "UklGRg" not in str(peer.bodies[0])
    assert "audio" in said["content"]
    assert "audio" in heard["output"]
    assert "audio" not in OpenAIResponsesModel("gpt-audio", base_url=peer.url).info.capabilities


async def test_the_phase_of_a_message_comes_back_with_it(peer, make, ask, fold):
    said = [
        {"type": "message", "phase": phase, "content": [{"type": "output_text", "text": text}]}
        for phase, text in (("commentary", "I'll look."), ("final_answer", "A cup."))
    ]
    peer.answers(body(output=said))
    content = fold(await ask(make())).content
    assert content == (
        TextBlock("I'll look.", {"openai": {"phase": "commentary"}}),
        TextBlock("A cup.", {"openai": {"phase": "final_answer"}}),
    )
    sent = await OpenAIResponsesFormatter().format([Msg("Friday", content, "assistant")])
    assert [item["phase"] for item in sent] == ["commentary", "final_answer"]


async def test_items_that_are_not_known_are_kept_with_the_answer(peer, make, ask, fold):
    searched = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    peer.answers(body(output=[searched]))
    assert fold(await ask(make())).metadata["items"] == [searched]


async def test_a_response_that_failed_is_an_error_with_the_text_so_far(peer, make, ask):
    failed = body(status="failed", error={"code": "server_error", "message": "Out of tea"})
    begun = {"type": "response.output_text.delta", "output_index": 0, "delta": "The ket"}
    peer.answers([begun, {"type": "response.failed", "response": failed}])
    with pytest.raises(ProviderUnavailable, match="Out of tea") as caught:
        await ask(make(stream=True))
    assert caught.value.partial == "The ket"
