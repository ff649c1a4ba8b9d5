"""Answers that are given again: when, to whom, and how they are marked."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from trouplet import Kernel
from trouplet.conversation import MultiAgentFormatter, Truncated
from trouplet.errors import BadSetting, ProviderUnavailable, StreamInterrupted
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import (
    Finish,
    ModelInfo,
    ModelRequest,
    TextChunk,
    ThinkingChunk,
    ToolCallChunk,
    ToolSchema,
    Usage,
)
from trouplet.testing import PlainFormatter, ScriptedModel, Step, call
from trouplet_cache.canonical import canonical, digest
from trouplet_cache.chunk_codec import dump_chunk, joined, load_chunk

INFO = ModelInfo("a", "1")


async def ask(at, text="Hello", name="a:1", **options):
    async with at.kernel as kernel:
        return await kernel.agent("A", model=name)(text, **options)


def cache(**settings):
    return {"config": {"cache": settings}}


async def test_the_same_request_is_answered_from_disk_also_in_another_kernel(stage):
    first = await ask(stage("cache", models={"a:1": [Step("Hi!", usage=Usage(7, 3))]}))
    again = await ask(stage("cache", models={"a:1": []}))
    assert (first.text, first.usage, first.notes) == ("Hi!", Usage(7, 3), ())
    assert (again.text, again.usage, again.notes) == ("Hi!", Usage.none(), ("answers of a:1 came from the cache",))


async def test_a_hit_says_in_its_metadata_that_it_is_one(stage):
    seen = []
    for models in ({"a:1": ["Hi!"]}, {"a:1": []}):
        at = stage("cache", models=models)
        async with at.kernel as kernel:
            agent = kernel.agent("A", model="a:1")
            agent.hooks.add("after_reasoning", lambda response, scope: seen.append(response.metadata))
            await agent("Hello")
    assert seen == [{}, {"cached": True}]


async def test_a_whole_run_with_tools_and_thinking_is_repeated_without_the_model(stage):
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    replies = []
    thought = ThinkingBlock("Hm.", {"a": {"signature": "s"}})
    script = [[thought, call("add", a=1, b=2), call("add", a=3, b=4)], Step("3 and 7.", chunk_size=2)]
    for steps in (script, []):
        at = stage("cache", models={"a:1": ScriptedModel(steps, chunk_size=3)})
        async with at.kernel as kernel:
            agent = kernel.agent("A", model="a:1", tools=[add])
            replies.append(await agent("1+2 and 3+4?"))
            said = await agent.memory.get()
    assert [reply.text for reply in replies] == ["3 and 7.", "3 and 7."]
    assert said[1].content[0] == thought


@pytest.mark.parametrize(
    "answer",
    [
        ["Half", ProviderUnavailable("x")],
        ["Half", TextChunk("!")],
        Step("Cut", finish_reason="length"),
        Step("No", finish_reason="content_filter"),
    ],
)
async def test_only_whole_answers_are_kept(stage, answer):
    at = stage("cache", models={"a:1": [answer, "Whole."]})
    async with at.kernel as kernel:
        with suppress(ProviderUnavailable, StreamInterrupted):
            await kernel.agent("A", model="a:1")("Hello")
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "Whole."


async def test_an_answer_that_nobody_read_to_its_end_is_not_kept(stage):
    at = stage("cache", models={"a:1": [Step("a b c", chunk_size=1), "Whole."]})
    async with at.kernel as kernel:
        async with kernel.agent("A", model="a:1").stream("Hello") as events:
            async for event in events:
                if type(event).__name__ == "TextDelta":
                    break
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "Whole."


async def test_an_answer_expires(stage):
    models = {"a:1": ["One.", "Two."]}
    at = stage("cache", models=models, **cache(ttl=0.05))
    async with at.kernel as kernel:
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "One."
        await asyncio.sleep(0.1)
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "Two."


@pytest.mark.parametrize(
    ("settings", "options", "cached"),
    [
        ({}, {}, True),
        ({}, {"temperature": 0}, True),
        ({}, {"temperature": 0.7}, False),
        ({"sampled": True}, {"temperature": 0.7}, True),
        ({"only": ["a:*"]}, {}, True),
        ({"only": ["b:*", "a:2"]}, {}, False),
    ],
)
async def test_settings_say_what_is_cached(stage, settings, options, cached):
    at = stage("cache", models={"a:1": ["One.", "Two."]}, **cache(**settings))
    async with at.kernel as kernel:
        for expected in ("One.", "One." if cached else "Two."):
            assert (await kernel.agent("A", model="a:1")("Hello", **options)).text == expected


async def test_namespaces_and_stores_are_kept_apart(stage, tmp_path):
    await ask(stage("cache", models={"a:1": ["One."]}))
    for settings in ({"namespace": "other"}, {"path": tmp_path / "other.sqlite3"}):
        assert (await ask(stage("cache", models={"a:1": ["Two."]}, **cache(**settings)))).text == "Two."


async def test_a_request_with_an_option_that_has_no_json_form_is_not_cached(stage):
    at = stage("cache", models={"a:1": ["One.", "Two."]})
    async with at.kernel as kernel:
        for expected in ("One.", "Two."):
            assert (await kernel.agent("A", model="a:1")("Hello", callback=object())).text == expected


async def test_inside_of_a_fallback_each_model_has_its_own_answers(stage):
    pytest.importorskip("trouplet_resilience")
    models = {"a:1": [ProviderUnavailable("x"), ProviderUnavailable("x")], "b:2": ["I am b."]}
    at = stage("fallback", "cache", models=models, config={"fallback": {"models": ["b:2"]}})
    async with at.kernel as kernel:
        for _ in range(2):
            assert (await kernel.agent("A", model="a:1")("Hello")).text == "I am b."
        assert (await kernel.agent("A", model="b:2")("Hello")).text == "I am b."
    assert [len(model.requests) for model in at.models.values()] == [2, 1]


async def test_an_unreadable_entry_is_a_miss(stage):
    at = stage("cache", models={"a:1": ["One.", "Two."]})
    async with at.kernel as kernel:
        await kernel.agent("A", model="a:1")("Hello")
        kept = kernel.resources.get("response-cache", lambda: None, None)
        await kept.aclose()
        request = ModelRequest([Msg("user", "Hello")])
        plugin = kernel.plugins.activate("hooks", "cache")
        await kept.put(plugin._cache._key(request, INFO), b"[]")
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "Two."


# --- keys


def key(*content, role="user", **fields):
    return digest(canonical(ModelRequest([Msg("user", content, role)], **fields), INFO))


def test_a_key_depends_on_what_is_asked_and_on_nothing_else():
    first = Msg("user", "x", metadata={"a": object()}, id="1", timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    asked = ModelRequest([first], deadline=1.0, retry=object(), options={"a": 1, "b": [2]})
    same = ModelRequest((Msg("user", "x"),), (), options={"b": (2,), "a": 1})
    assert canonical(asked, INFO) == canonical(same, INFO)
    assert digest(canonical(asked, INFO)) == digest(canonical(same, INFO))
    assert len(digest({})) == 64


def test_everything_that_is_asked_changes_the_key():
    tool = ToolSchema("f", "F.", {"type": "object"})
    image = ImageBlock(Base64Source("image/png", "AAAA"))
    keys = [
        key(TextBlock("x")),
        key(TextBlock("y")),
        key(TextBlock("x"), role="system"),
        key(TextBlock("x"), image),
        key(TextBlock("x"), tools=[tool]),
        key(TextBlock("x"), tools=[tool], tool_choice="required"),
        key(TextBlock("x"), output_schema={"type": "object"}),
        key(TextBlock("x"), options={"temperature": 0}),
        digest(canonical(ModelRequest([Msg("user", "x")]), ModelInfo("a", "2"))),
        digest(canonical(ModelRequest([Msg("Ann", "x")]), INFO)),
    ]
    assert len(set(keys)) == len(keys)


def test_calls_have_numbers_instead_of_their_ids():
    def history(one, other):
        calls = [ToolUseBlock(one, "f", {}), ToolUseBlock(other, "f", {})]
        results = [ToolResultBlock(other, "f", (TextBlock("2"),)), ToolResultBlock(one, "f", (TextBlock("1"),))]
        return canonical(ModelRequest([Msg("a", calls, "assistant"), Msg("a", results, "tool")]), INFO)

    assert history("x", "y") == history("call_1", "call_2")
    assert history("x", "y")["messages"][1]["content"][0]["id"] == "call 2"


async def test_another_formatter_is_another_request(stage):
    formatters = [
        None,
        PlainFormatter(),
        MultiAgentFormatter(PlainFormatter()),
        MultiAgentFormatter(PlainFormatter(), prompt="So far:"),
        Truncated(PlainFormatter(), None, max_tokens=10),
        Truncated(PlainFormatter(), None, max_tokens=20),
    ]
    at = stage("cache", models={"a:1": []})
    plugin = at.kernel.plugins.activate("hooks", "cache")
    keys = [plugin._cache._key(ModelRequest([], formatter=formatter), INFO) for formatter in formatters]
    assert len(set(keys)) == len(keys)
    assert plugin._cache._key(ModelRequest([], formatter=PlainFormatter()), INFO) == keys[1]


# --- chunks

CHUNKS = [
    ThinkingChunk("Let me "),
    ThinkingChunk("think.", {"a": {"signature": "s"}}),
    TextChunk("Hel"),
    TextChunk("lo"),
    TextChunk("!", {"a": 1}),
    TextChunk("More"),
    ToolCallChunk(0, '{"a"', "id0", "f"),
    ToolCallChunk(0, ": 1}"),
    ToolCallChunk(1, "", "id1", "g"),
    ToolCallChunk(0, ""),
    ToolCallChunk(1, "{}", extra={"a": 2}),
    Finish("tool_calls", Usage(1, 2, 3, 4), "r", "m", {"k": [1]}),
]


def fold(chunks):
    from trouplet.response import ResponseBuilder

    builder = ResponseBuilder()
    for chunk in chunks:
        builder.add(chunk)
    return builder.response()


def test_chunks_come_back_as_they_were():
    again = [load_chunk(dump_chunk(chunk)) for chunk in CHUNKS]
    assert [type(chunk) for chunk in again] == [type(chunk) for chunk in CHUNKS]
    assert [dump_chunk(chunk) for chunk in again] == [dump_chunk(chunk) for chunk in CHUNKS]
    assert fold(again) == fold(CHUNKS)


def test_joined_chunks_make_the_same_answer():
    made = joined(CHUNKS)
    assert fold(made) == fold(CHUNKS)
    assert len(made) == 8
    assert [dump_chunk(chunk) for chunk in made[:3]] == [
        {"thinking": "Let me think.", "extra": {"a": {"signature": "s"}}},
        {"text": "Hello!", "extra": {"a": 1}},
        {"text": "More"},
    ]


# --- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_size": 1}, "'cache' has no setting 'max_size'"),
        ({"max_entrie": 1}, "Did you mean 'max_entries'"),
        ({"ttl": 0}, "Give a number greater than 0"),
        ({"max_bytes": 1.5}, "Give a whole number"),
        ({"only": "openai:*"}, "Give a list of names"),
        ({"path": 5}, "Give the path of a file"),
        ({"sampled": "yes"}, "Give true or false"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_kernel_is_made(settings, said, tmp_path):
    with pytest.raises(BadSetting, match=said):
        Kernel(plugins=["cache"], config={"cache": settings}, environ={}, cache_dir=tmp_path)


@pytest.mark.parametrize(("options", "text"), [({}, "one"), ({"seed": 1}, "two"), ({"temperature": 0.5}, "two")])
async def test_what_a_model_was_made_with_is_part_of_the_key(tmp_path, options, text):
    """And an answer of a model that was made to vary is not kept."""

    async def answered(said, **made_with):
        model = ScriptedModel([said])
        model.info.options = made_with
        config = {"cache": {"path": tmp_path / "answers.sqlite3"}}
        async with Kernel(plugins=["cache"], environ={}, data_dir=tmp_path, config=config) as kernel:
            return (await kernel.agent("A", model=model)("Hello")).text

    assert await answered("one") == "one"
    assert await answered("two", **options) == text
