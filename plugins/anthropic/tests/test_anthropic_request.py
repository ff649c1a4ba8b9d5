"""What is sent: the system prompt, turns, tools, choices, headers, marks of the cache."""

import copy

import pytest

from trouplet.errors import BadSetting, MissingKey
from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema
from trouplet_anthropic import AnthropicChatModel
from trouplet_anthropic.turns import OPENING

LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
CALLS = Msg("F", [ToolUseBlock("c1", "look", {"at": "a"}), ToolUseBlock("c2", "look", {})], "assistant")
RESULTS = Msg(
    "F",
    [
        ToolResultBlock("c1", "look", (TextBlock("A cup."),)),
        ToolResultBlock("c2", "look", (TextBlock("Too dark."),), "error"),
    ],
    "tool",
)


def text(words, **more):
    return {"type": "text", "text": words, **more}


@pytest.fixture
def sent(api, model, ask, said):
    """Sends one request and returns its body, which the API would have accepted."""

    async def send(name="claude-opus-5-5", options=None, **fields):
        api.requests.clear()
        api.answers(said("Yes."))
        await ask(model(name, **(options or {})), **fields)
        return api.body

    return send


async def test_leading_system_messages_are_the_system_prompt(sent):
    history = [Msg("system", "Be kind.", "system"), Msg("system", "Be brief.", "system"), Msg("Ann", "Hello")]
    body = await sent(messages=history)
    assert body["system"] == [text("Be kind."), text("Be brief.")]
    assert body["messages"] == [{"role": "user", "content": [text("Hello")]}]


async def test_a_later_system_message_stays_where_it_is_if_the_model_takes_it_there(api, model, ask, said):
    api.answers(said("Yes."))
    history = [Msg("Ann", "Hello"), Msg("system", "Be brief.", "system")]
    await ask(model(), messages=history)
    assert [turn["role"] for turn in api.bodies[0]["messages"]] == ["user", "system"]


@pytest.mark.parametrize(
    ("name", "after"),
    [("claude-sonnet-4-6", []), ("claude-opus-5-5", [Msg("Ann", "Well?")])],
    ids=["the model takes none", "it does not stand between two turns"],
)
async def test_a_later_system_message_is_the_users_otherwise(sent, name, after):
    history = [Msg("Ann", "Hello"), Msg("system", "Be brief.", "system"), *after]
    body = await sent(name, messages=history)
    assert [turn["role"] for turn in body["messages"]] == ["user"]
    assert text("Be brief.") in body["messages"][0]["content"]


async def test_messages_of_one_role_are_one_turn_with_the_results_first(sent):
    history = [Msg("Ann", "Look."), CALLS, RESULTS, Msg("Ann", "And?")]
    body = await sent(messages=history)
    asked, called, answered = body["messages"]
    assert asked == {"role": "user", "content": [text("Look.")]}
    assert [block["id"] for block in called["content"]] == ["c1", "c2"]
    assert answered["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": [text("A cup.")]},
        {"type": "tool_result", "tool_use_id": "c2", "content": [text("Too dark.")], "is_error": True},
        text("And?"),
    ]


async def test_results_go_before_what_was_said_in_between(sent):
    body = await sent(messages=[Msg("Ann", "Look."), CALLS, Msg("Ann", "Hurry!"), RESULTS])
    kinds = [block["type"] for block in body["messages"][-1]["content"]]
    assert kinds == ["tool_result", "tool_result", "text"]


async def test_the_messages_that_are_kept_with_the_history_are_not_changed(sent):
    history = [Msg("system", "Be kind.", "system"), Msg("Ann", "Look."), Msg("Ann", "Now!"), CALLS, RESULTS]
    first = await sent(messages=history, options={"cache": True}, tools=[LOOK])
    kept = copy.deepcopy([msg.wire[1] for msg in history])
    assert await sent(messages=[*history, Msg("Ann", "And?")], options={"cache": True}, tools=[LOOK]) != first
    assert [msg.wire[1] for msg in history] == kept
    assert "cache_control" not in str(kept)


async def test_a_history_that_begins_with_the_assistant_gets_a_word_of_the_user(sent):
    body = await sent(messages=[Msg("F", "Welcome!", "assistant"), Msg("Ann", "Thanks.")])
    assert body["messages"][0] == {"role": "user", "content": [text(OPENING)]}


async def test_an_answer_is_begun_for_the_model_where_that_is_allowed(sent):
    history = [Msg("Ann", "Greek for Sun?"), Msg("F", "It is \n", "assistant")]
    body = await sent("claude-sonnet-4-5", messages=history)
    assert body["messages"][-1] == {"role": "assistant", "content": [text("It is")]}
    body = await sent("claude-opus-5-5", messages=history)
    assert body["messages"][-1] == {"role": "user", "content": [text(OPENING)]}


@pytest.mark.parametrize(
    ("name", "stream", "most"),
    [("claude-opus-5-5", True, 64_000), ("claude-opus-5-5", False, 16_000), ("elsewhere", True, 8192)],
)
async def test_an_answer_may_be_long_unless_somebody_says_otherwise(api, model, ask, said, name, stream, most):
    whole = {"content": [text("Yes.")], "stop_reason": "end_turn"}
    api.answers(said("Yes.") if stream else whole)
    await ask(model(name, stream=stream))
    await ask(model(name, stream=stream), options={"max_tokens": 5000})
    assert [body["max_tokens"] for body in api.bodies] == [most, 5000]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, None),
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("look", {"type": "tool", "name": "look"}),
    ],
)
async def test_tools_and_the_choice_among_them_have_the_apis_form(sent, choice, wire):
    body = await sent("claude-haiku-5-5", tools=[LOOK], tool_choice=choice)
    assert body["tools"] == [{"name": "look", "description": "Look.", "input_schema": LOOK.parameters}]
    assert body.get("tool_choice") == wire


async def test_one_call_at_a_time_can_be_asked_for(sent, model):
    options = {"disable_parallel_tool_use": True}
    body = await sent(options=options, tools=[LOOK])
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in await sent(options=options)
    assert "parallel_tools" not in model(**options).info.capabilities
    with pytest.raises(BadSetting, match="disable_parallel_tool_use='yes'"):
        model(disable_parallel_tool_use="yes")


async def test_tools_are_strict_when_that_is_wanted_and_possible(sent):
    free = ToolSchema("free", "", {"type": "object", "additionalProperties": {"type": "string"}})
    body = await sent(tools=[LOOK, free], options={"strict_tools": True})
    look, other = body["tools"]
    assert look["strict"] is True
    assert look["input_schema"]["additionalProperties"] is False
    assert "strict" not in other
    assert other["input_schema"] == free.parameters


async def test_the_cache_gets_its_marks_at_four_places_at_most(sent):
    history = [Msg("system", "Be kind.", "system"), Msg("Ann", "Look."), CALLS, RESULTS]
    body = await sent(messages=history, tools=[LOOK], options={"cache": True})
    mark = {"cache_control": {"type": "ephemeral"}}
    assert body["system"] == [text("Be kind.", **mark)]
    assert "cache_control" not in body["tools"][-1], "the mark on the system prompt is one on the tools, too"
    assert body["messages"][0]["content"] == [text("Look.", **mark)]
    assert [block.get("cache_control") for block in body["messages"][2]["content"]] == [None, mark["cache_control"]]


async def test_the_cache_may_be_kept_longer(sent):
    body = await sent(tools=[LOOK], options={"cache": "1h"})
    assert body["tools"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    with pytest.raises(BadSetting, match="1h"):
        await sent(options={"cache": "2h"})


async def test_the_answers_schema_goes_into_the_output_config_beside_the_effort(sent):
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    body = await sent(options={"thinking": "low"}, output_schema=schema, tools=[LOOK])
    strict = {**schema, "additionalProperties": False}
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": strict}}


async def test_a_schema_that_cannot_be_enforced_is_told_in_the_system_prompt(sent):
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    body = await sent(output_schema=schema, messages=[Msg("system", "Be kind.", "system"), Msg("Ann", "Hello")])
    assert "output_config" not in body
    assert body["system"][0] == text("Be kind.")
    assert '"additionalProperties": {"type": "integer"}' in body["system"][1]["text"]


@pytest.mark.parametrize(
    ("name", "version"),
    [("claude-opus-5-5", "2026-10-21"), ("claude-opus-4-7", "2026-10-21"), ("claude-haiku-4-5", "2023-06-01")],
)
async def test_models_that_take_a_temperature_are_spoken_to_in_the_version_that_does(
    api, model, ask, said, name, version
):
    api.answers(said("Yes."))
    await ask(model(name))
    headers = api.requests[0].headers
    assert (headers["anthropic-version"], headers["x-api-key"]) == (version, "sk-ant-1")
    assert "authorization" not in headers


async def test_a_token_is_sent_as_a_bearer(api, model, ask, said):
    api.answers(said("Yes."))
    await ask(model(api_key=None, auth_token="oat-1"))
    assert api.requests[0].headers["authorization"] == "Bearer oat-1"
    assert "x-api-key" not in api.requests[0].headers


async def test_betas_of_the_user_are_sent_beside_the_plugins_own(api, model, ask, said):
    api.answers(said("Yes."))
    one = model(headers={"Anthropic-Beta": "files-api-2025-04-14"})
    await ask(one)
    await ask(one, options={"extra_headers": {"anthropic-beta": "compact-2026-09-04"}})
    own = "thinking-binding-controls-2026-08-01"
    named = [request.headers["anthropic-beta"] for request in api.requests]
    assert named == [f"files-api-2025-04-14,{own}", f"compact-2026-09-04,{own}"]


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/messages"])
async def test_the_address_may_be_given_in_any_of_its_forms(api, model, ask, said, ending):
    api.answers(said("Yes."))
    await ask(model(base_url=f"https://proxy.example/claude{ending}"))
    assert str(api.requests[0].url) == "https://proxy.example/claude/v1/messages"


async def test_elsewhere_nothing_is_sent_that_only_anthropic_knows(api, model, ask, said):
    api.answers(said("Yes."))
    one = model(base_url="https://proxy.example", api_key=None)
    await ask(one, messages=[Msg("Ann", "Hello"), Msg("system", "Be brief.", "system")])
    body, headers = api.body, api.requests[0].headers
    assert "thinking" not in body
    assert "anthropic-beta" not in headers
    assert headers["anthropic-version"] == "2023-06-01"
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_without_a_key_there_is_no_model_of_anthropics():
    with pytest.raises(MissingKey, match="ANTHROPIC_API_KEY"):
        AnthropicChatModel("claude-opus-5-5")


@pytest.mark.parametrize(
    ("name", "hint"), [("max_token", "max_tokens"), ("systm", "Use the agent's"), ("tools", "Give tools")]
)
def test_an_option_that_is_none_is_refused_with_what_was_meant(model, name, hint):
    with pytest.raises(BadSetting) as caught:
        model(**{"system" if name == "systm" else name: 1})
    assert hint in str(caught.value)
