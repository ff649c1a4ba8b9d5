"""One set of options, and what becomes of it for each generation of Claude."""

import pytest

from trouplet.errors import BadSetting
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema

LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {}})
BOUND = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}}
SHOWN = {"type": "adaptive", "display": "summarized"}
OFF = {"type": "disabled"}


def budget(tokens):
    return {"type": "enabled", "budget_tokens": tokens}


@pytest.fixture
def sent(api, model, ask, said):
    async def send(name, messages=None, **options):
        fields = {field: options.pop(field) for field in ("tools", "tool_choice") if field in options}
        api.requests.clear()
        api.answers(said("Yes."))
        await ask(model(name, **options), **({"messages": messages} if messages else {}), **fields)
        return api.body

    return send


@pytest.mark.parametrize(
    ("name", "value", "thinking", "effort"),
    [
        ("claude-haiku-4-5-20251001", None, None, None),
        ("claude-haiku-4-5-20251001", True, budget(8192), None),
        ("claude-haiku-4-5-20251001", "low", budget(2048), None),
        ("claude-haiku-4-5-20251001", "high", budget(24_576), None),
        ("claude-haiku-4-5-20251001", 500, budget(1024), None),
        ("claude-haiku-4-5-20251001", False, OFF, None),
        ("claude-sonnet-4-6", None, None, None),
        ("claude-sonnet-4-6", True, SHOWN, None),
        ("claude-opus-4-8", "high", SHOWN, "high"),
        ("claude-opus-5", 5000, SHOWN, "medium"),
        ("claude-opus-5", False, OFF, None),
        ("claude-haiku-5-5", None, {"type": "adaptive", **BOUND}, None),
        ("claude-haiku-5-5", False, OFF, None),
        ("claude-sonnet-5-5", False, {"type": "between_tools"}, None),
        ("claude-opus-5-5", "medium", {**SHOWN, **BOUND}, "medium"),
        ("claude-opus-5-5", False, {"type": "adaptive", **BOUND}, "low"),
        ("claude-fable-5", True, SHOWN, None),
        ("claude-opus-7", True, {**SHOWN, **BOUND}, None),
        ("qwen3-coder", True, budget(4096), None),
        ("claude-opus-4-8", {"type": "adaptive"}, {"type": "adaptive"}, None),
    ],
)
async def test_thinking_is_asked_for_as_the_generation_wants_it(sent, name, value, thinking, effort):
    body = await sent(name, thinking=value)
    assert body.get("thinking") == thinking
    assert body.get("output_config") == ({"effort": effort} if effort else None)


async def test_a_budget_leaves_room_for_the_answer(sent):
    body = await sent("claude-haiku-4-5", thinking="high", max_tokens=10_000)
    assert body["thinking"] == budget(5000)
    with pytest.raises(BadSetting, match="no room to think"):
        await sent("claude-haiku-4-5", thinking=True, max_tokens=1000)


@pytest.mark.parametrize(
    ("name", "thinking", "left"),
    [
        ("claude-3-7-sonnet-20250219", None, {"temperature": 0.5, "top_p": 0.9}),
        ("claude-sonnet-4-6", None, {"temperature": 0.5}),
        ("claude-sonnet-4-6", True, {}),
        ("claude-opus-4-7", None, {}),
        ("claude-haiku-5-5", False, {}),
    ],
)
async def test_sampling_is_left_out_where_it_would_be_refused(sent, name, thinking, left):
    body = await sent(name, thinking=thinking, temperature=0.5, top_p=0.9)
    assert {key: body[key] for key in ("temperature", "top_p") if key in body} == left


async def test_values_that_other_providers_take_are_cut_to_what_claude_does(sent):
    body = await sent("claude-haiku-4-5", temperature=1.5, stop=["\n", "END"])
    assert (body["temperature"], body["stop_sequences"]) == (1, ["END"])
    body = await sent("qwen3-coder", temperature=1.5, stop=["\n", "END"])
    assert (body["temperature"], body["stop_sequences"]) == (1.5, ["\n", "END"])


@pytest.mark.parametrize(
    ("name", "thinking", "effort", "left"),
    [
        ("claude-haiku-4-5", None, "high", None),
        ("claude-opus-4-5", None, "max", "high"),
        ("claude-sonnet-4-6", None, "xhigh", "high"),
        ("claude-sonnet-4-6", None, "max", "max"),
        ("claude-opus-5", None, "xhigh", "xhigh"),
        ("claude-opus-5", False, "xhigh", "high"),
    ],
)
async def test_effort_is_one_that_the_model_has(sent, name, thinking, effort, left):
    body = await sent(name, thinking=thinking, effort=effort)
    assert body.get("output_config") == ({"effort": left} if left else None)


@pytest.mark.parametrize(
    ("name", "thinking", "able"),
    [
        ("claude-haiku-4-5", None, True),
        ("claude-haiku-4-5", True, False),
        ("claude-sonnet-4-6", "low", False),
        ("claude-opus-4-8", True, True),
        ("claude-opus-5", None, True),
        ("claude-haiku-5-5", None, True),
        ("claude-sonnet-5-5", False, False),
        ("claude-fable-5-1", None, False),
    ],
)
async def test_forced_tools_are_a_capability_only_where_they_are_taken(sent, model, name, thinking, able):
    assert ("tool_choice" in model(name, thinking=thinking).info.capabilities) is able
    body = await sent(name, thinking=thinking, tools=[LOOK], tool_choice="look")
    assert body["tool_choice"] == ({"type": "tool", "name": "look"} if able else {"type": "auto"})


async def test_a_turn_that_was_begun_elsewhere_goes_on_without_thinking(sent):
    begun = [
        Msg("Ann", "Look."),
        Msg("F", ToolUseBlock("c1", "look", {}), "assistant"),
        Msg("F", ToolResultBlock("c1", "look", (TextBlock("A cup."),)), "tool"),
    ]
    assert "thinking" not in await sent("claude-haiku-4-5", begun, thinking=True)
    ended = [*begun, Msg("F", "A cup.", "assistant"), Msg("Ann", "Thanks.")]
    assert "thinking" in await sent("claude-haiku-4-5", ended, thinking=True)


async def test_a_turn_that_was_begun_with_thinking_goes_on_with_it(sent):
    thought = ThinkingBlock("Hm.", {"anthropic": {"signature": "s"}})
    steps = [
        Msg("F", [thought, ToolUseBlock("c1", "look", {})], "assistant"),
        Msg("F", ToolResultBlock("c1", "look", (TextBlock("Dark."),)), "tool"),
    ]
    assert "thinking" in await sent("claude-haiku-4-5", [Msg("Ann", "Look."), *steps], thinking=True)


@pytest.mark.parametrize(("name", "kept"), [("claude-haiku-5-5", 0), ("claude-opus-5", 1)])
async def test_with_thinking_off_bound_thoughts_stay_at_home(sent, name, kept):
    thought = ThinkingBlock("Hm.", {"anthropic": {"signature": "s"}})
    history = [Msg("Ann", "Hi"), Msg("F", [thought, TextBlock("Hello.")], "assistant"), Msg("Ann", "And?")]
    body = await sent(name, history, thinking=False)
    kinds = [block["type"] for turn in body["messages"] for block in turn["content"]]
    assert kinds.count("thinking") == kept
