"""The simulators of what providers accept."""

import pytest

from trouplet.errors import InvalidHistory
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.testing.history import HistoryRejected, find_violations, validate_history
from trouplet.testing.provider_rules import PROVIDERS


def use(*ids, name="look", **fields):
    return [ToolUseBlock(id, name, {}, **fields) for id in ids]


def calls(*ids, **fields):
    return Msg("Friday", use(*ids, **fields), "assistant")


def results(*ids, name="look", text="A cup."):
    return Msg("Friday", [ToolResultBlock(id, name, (TextBlock(text),)) for id in ids], "tool")


USER = Msg("Ann", "Look around.")
SYSTEM = Msg("system", "You make tea.", "system")
DONE = Msg("Friday", "There is a cup.", "assistant")

VALID = {
    "nothing": [],
    "a question": [USER],
    "a conversation": [SYSTEM, USER, DONE, USER, DONE],
    "a tool turn": [USER, calls("call_1"), results("call_1"), DONE],
    "two calls at once": [USER, calls("call_1", "call_2"), results("call_2", "call_1"), DONE],
    "results in two messages": [USER, calls("call_1", "call_2"), results("call_1"), results("call_2")],
    "two rounds": [USER, calls("call_1"), results("call_1"), calls("call_2"), results("call_2"), DONE],
    "a turn that ends with results": [USER, calls("call_1"), results("call_1")],
    "messages in a row": [USER, USER, DONE, DONE],
    "text after a call": [USER, Msg("F", [*use("call_1"), TextBlock("There.")], "assistant"), results("call_1")],
    "signed thinking": [
        USER,
        Msg("F", [ThinkingBlock("Hm.", {"anthropic": "s", "gemini": "t"}), *use("call_1")], "assistant"),
        results("call_1"),
    ],
    "a first call with its signature": [
        USER,
        Msg("F", [*use("call_1", extra={"gemini": "s"}), *use("call_2")], "assistant"),
        results("call_1", "call_2"),
    ],
    "signatures of a turn that is over": [
        USER,
        calls("call_1", extra={"gemini": "s"}),
        results("call_1"),
        USER,
        calls("call_2"),
        results("call_2"),
    ],
}

LOOSE = ToolUseBlock("call_1", "look", {"pi": float("nan")})

INVALID = {
    "a call without a result": ([USER, calls("call_1")], "a call has a result", set(PROVIDERS)),
    "one of two results": ([USER, calls("call_1", "call_2"), results("call_1")], "a call has a result", set(PROVIDERS)),
    "a result without a call": ([USER, results("call_1")], "a result answers a call", set(PROVIDERS)),
    "a user between call and result": (
        [USER, calls("call_1"), USER, results("call_1")],
        "results come right after their calls",
        set(PROVIDERS),
    ),
    "a system message between call and result": (
        [USER, calls("call_1"), SYSTEM, results("call_1")],
        "results come right after their calls",
        {"openai", "openai-responses", "dashscope-deepseek"},
    ),
    "the result before its call": (
        [USER, results("call_1"), calls("call_1"), USER],
        "results come right after their calls",
        set(PROVIDERS),
    ),
    "two results for a call": (
        [USER, calls("call_1"), results("call_1", "call_1")],
        "a call has one result",
        set(PROVIDERS),
    ),
    "an id used twice": (
        [USER, calls("call_1"), results("call_1"), calls("call_1"), results("call_1")],
        "call ids are unique",
        set(PROVIDERS),
    ),
    "more results than calls": (
        [USER, calls("call_1"), results("call_1", "call_2")],
        "a turn has as many responses as calls",
        {"gemini"},
    ),
    "a result under another name": (
        [USER, calls("call_1"), results("call_1", name="brew")],
        "a response has its call's name",
        {"gemini"},
    ),
    "a call before any user": (
        [SYSTEM, calls("call_1"), results("call_1"), USER],
        "a call turn follows a user's or a result turn",
        {"gemini"},
    ),
    "an assistant who begins": ([SYSTEM, DONE, USER], "the first turn is the user's", {"anthropic"}),
    "no content": ([USER, Msg("Friday", [], "assistant")], "a message has content", set(PROVIDERS)),
    "empty text": ([USER, Msg("Friday", "", "assistant")], "a message has content", set(PROVIDERS)),
    "only thinking": ([USER, Msg("F", ThinkingBlock("Hm."), "assistant")], "a message has content", set(PROVIDERS)),
    "blank text beside a call": (
        [USER, Msg("F", [TextBlock(" \n"), *use("call_1")], "assistant"), results("call_1")],
        "no text block is blank",
        {"anthropic"},
    ),
    "an empty result": (
        [USER, calls("call_1"), results("call_1", text="")],
        "a result has content",
        set(PROVIDERS),
    ),
    "arguments that are not JSON": (
        [USER, Msg("F", LOOSE, "assistant"), results("call_1")],
        "arguments are JSON",
        set(PROVIDERS),
    ),
    "arguments that are no object": (
        [USER, Msg("F", ToolUseBlock("call_1", "look", [1]), "assistant"), results("call_1")],
        "arguments are a JSON object",
        set(PROVIDERS),
    ),
    "a lone surrogate": ([Msg("Ann", "\ud800")], "text can be encoded as UTF-8", set(PROVIDERS)),
    "an id without characters": (
        [USER, calls(""), results("")],
        "call ids match .{1,40}",
        {"openai", "dashscope-deepseek"},
    ),
    "an id that is too long": (
        [USER, calls("c" * 41), results("c" * 41)],
        "call ids match .{1,40}",
        {"openai", "dashscope-deepseek"},
    ),
    "an id with a dot": ([USER, calls("a.b"), results("a.b")], "call ids match [a-zA-Z0-9_-]+", {"anthropic"}),
    "a name with a dot": (
        [USER, calls("call_1", name="functions.look"), results("call_1", name="functions.look")],
        "tool names match [a-zA-Z0-9_-]{1,64}",
        {"openai", "openai-responses", "dashscope-deepseek"},
    ),
    "a user who calls tools": (
        [Msg("Ann", use("call_1"), "user"), results("call_1")],
        "only the assistant calls tools",
        set(PROVIDERS),
    ),
    "text beside a result": (
        [USER, calls("call_1"), Msg("F", [TextBlock("Look:"), *results("call_1").content], "tool")],
        "a tool message holds results only",
        set(PROVIDERS),
    ),
    "thinking at the end": (
        [USER, Msg("F", [TextBlock("There."), ThinkingBlock("Hm.")], "assistant")],
        "thinking comes before what it led to",
        {"openai-responses", "anthropic"},
    ),
    "thinking after the call that it led to": (
        [
            USER,
            Msg("F", [*use("call_1"), ThinkingBlock("Hm."), *use("call_2")], "assistant"),
            results("call_1", "call_2"),
        ],
        "thinking comes before its call",
        {"openai-responses", "anthropic"},
    ),
    "thinking that has lost its signature": (
        [
            USER,
            Msg("F", [ThinkingBlock("a", {"anthropic": "s"}), ThinkingBlock("b"), *use("call_1")], "assistant"),
            results("call_1"),
        ],
        "thinking before a call keeps its signature",
        {"anthropic"},
    ),
    "a call that has lost its signature": (
        [USER, calls("call_1", extra={"gemini": "s"}), results("call_1"), calls("call_2"), results("call_2")],
        "the first call of a step keeps its thought signature",
        {"gemini"},
    ),
    "no user at all": ([DONE, calls("call_1"), results("call_1")], "there is a user message", {"dashscope-deepseek"}),
}


@pytest.mark.parametrize("name", VALID)
def test_what_every_provider_accepts_passes(name):
    validate_history(VALID[name])


@pytest.mark.parametrize("name", INVALID)
def test_what_a_provider_refuses_is_found_under_its_name(name):
    history, rule, providers = INVALID[name]
    found = find_violations(history)
    assert {violation.provider for violation in found if violation.rule == rule} == providers


def test_the_error_lists_every_violation_and_is_an_assertion_error():
    with pytest.raises(HistoryRejected, match="a call has a result") as caught:
        validate_history([USER, calls("call_1", "call_2")])
    assert len(caught.value.violations) == 2 * len(PROVIDERS)
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, InvalidHistory)


def test_providers_can_be_chosen():
    history = [USER, calls("a.b"), results("a.b")]
    validate_history(history, providers=["openai"])
    with pytest.raises(HistoryRejected):
        validate_history(history, providers=["anthropic"])


def test_a_history_is_also_checked_with_the_next_user_message():
    assert find_violations([USER, calls("call_1")]) == find_violations([USER, calls("call_1"), USER])
