"""Recorded exchanges: what is in the file, and what a replay accepts."""

import asyncio
import json

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, NotStorable, ProviderUnavailable, RateLimited, ScriptMismatch
from trouplet.events import TextDelta
from trouplet.messages import Base64Source, ImageBlock, Msg
from trouplet.testing import ScriptedModel, Step, call
from trouplet_cache.difference import first_difference


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cassettes" / "x.jsonl"


def record(path, mode="auto"):
    return {"config": {"record": {"path": path, "mode": mode}}}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


async def talk(kernel):
    agent = kernel.agent("A", model="a:1", sys_prompt="Be kind.", tools=[add])
    pieces = [event.text async for event in agent.stream("1+2?") if isinstance(event, TextDelta)]
    reply = await agent("Thanks.")
    return pieces, reply.text, reply.usage


SCRIPT = [call("add", a=1, b=2), Step("It is 3.", chunk_size=4), "Bye."]


async def test_a_run_is_recorded_and_replayed_without_the_model(stage, path):
    async with stage("record", models={"a:1": SCRIPT}, **record(path)).kernel as kernel:
        recorded = await talk(kernel)
    async with stage("record", models={"a:1": []}, **record(path)).kernel as kernel:
        assert await talk(kernel) == recorded
    assert recorded[0] == ["It i", "s 3."]


async def test_a_recording_can_be_read(stage, path):
    async with stage("record", models={"a:1": SCRIPT}, **record(path, "record")).kernel as kernel:
        await talk(kernel)
    first, second, _ = lines(path)
    assert first["request"]["model"] == "a:1"
    assert first["request"]["messages"][0] == {
        "role": "system",
        "name": "system",
        "content": [{"type": "text", "text": "Be kind."}],
    }
    assert first["chunks"][0] == {"call": 0, "id": "call_1", "name": "add", "arguments": '{"a": 1, "b": 2}'}
    assert second["chunks"][:2] == [{"text": "It i"}, {"text": "s 3."}]
    assert second["chunks"][2]["finish"] == "stop"


async def test_recording_again_replaces_the_file(stage, path):
    for answer in ("One.", "Two."):
        async with stage("record", models={"a:1": [answer]}, **record(path, "record")).kernel as kernel:
            await kernel.agent("A", model="a:1")("Hello")
    assert [line["chunks"][0]["text"] for line in lines(path)] == ["Two."]


async def test_another_request_is_refused_with_the_first_difference(stage, path):
    async with stage("record", models={"a:1": ["Hi!"]}, **record(path)).kernel as kernel:
        await kernel.agent("A", model="a:1")("Hello, how are you?")
    async with stage("record", models={"a:1": []}, **record(path, "replay")).kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        with pytest.raises(ScriptMismatch) as caught:
            await agent("Hello, how old are you?")
        assert "has no answer to this request of a:1" in str(caught.value)
        assert (
            "Exchange 1 comes next and differs at messages[0].content[0].text: "
            "recorded 'Hello, how are you?', asked 'Hello, how old are you?'" in caught.value.why
        )


async def test_an_exchange_is_replayed_once_and_equal_requests_in_their_order(stage, path):
    async with stage("record", models={"a:1": ["One.", "Two."]}, **record(path)).kernel as kernel:
        for _ in range(2):
            await kernel.agent("A", model="a:1")("Hello")
    async with stage("record", models={"a:1": []}, **record(path)).kernel as kernel:
        replies = [(await kernel.agent("A", model="a:1")("Hello")).text for _ in range(2)]
        assert replies == ["One.", "Two."]
        with pytest.raises(ScriptMismatch, match="All of its exchanges have been asked for"):
            await kernel.agent("A", model="a:1")("Hello")


async def test_agents_side_by_side_find_their_own_exchanges(stage, path):
    async with stage("record", models={"a:1": ["One.", "Two."]}, **record(path)).kernel as kernel:
        await kernel.agent("A", model="a:1")("1")
        await kernel.agent("B", model="a:1")("2")
    async with stage("record", models={"a:1": []}, **record(path)).kernel as kernel:
        replies = await asyncio.gather(*[kernel.agent("B", model="a:1")(text) for text in "21"])
    assert [reply.text for reply in replies] == ["Two.", "One."]


async def test_errors_are_replayed_as_what_they_were_after_what_came_before_them(stage, path):
    errors = []
    script = [["Half", RateLimited("slow down", retry_after=7.0, status=429, provider="a", why="so", fix="wait")]]
    for steps in (script, []):
        async with stage("record", models={"a:1": steps}, **record(path)).kernel as kernel:
            with pytest.raises(RateLimited) as caught:
                await kernel.agent("A", model="a:1")("Hello")
            errors.append(caught.value)
    one, other = errors
    for name in ("what", "why", "fix", "status", "retry_after", "retryable", "provider", "partial"):
        assert getattr(one, name) == getattr(other, name)
    assert other.partial == "Half"


async def test_an_error_of_a_plugins_own_class_is_replayed_as_the_kernels_nearest(stage, path):
    class Overloaded(ProviderUnavailable):
        pass

    async with stage("record", models={"a:1": [Overloaded("x")]}, **record(path)).kernel as kernel:
        with pytest.raises(Overloaded):
            await kernel.agent("A", model="a:1")("Hello")
    assert lines(path)[0]["error"] == {"type": "ProviderUnavailable", "what": "x", "retryable": True}


async def test_a_replay_needs_no_network_and_no_key_that_is_one(stage, path):
    async with stage("record", models={"openai:gpt-5-mini": ["Hi!"]}, **record(path)).kernel as kernel:
        await kernel.agent("A", model="openai:gpt-5-mini")("Hello")
    async with Kernel(plugins=["record"], keys={"openai": "none"}, environ={}, **record(path)) as kernel:
        model = kernel.model("openai:gpt-5-mini", base_url="http://127.0.0.1:9")
        assert type(model).__module__.startswith("trouplet_openai")
        assert (await kernel.agent("A", model=model)("Hello")).text == "Hi!"


async def test_a_call_that_is_cancelled_is_not_recorded(stage, path):
    async def hangs(request):
        asked.set()
        await asyncio.Event().wait()

    asked = asyncio.Event()
    async with stage("record", models={"a:1": [hangs, "Hi!"]}, **record(path)).kernel as kernel:
        task = asyncio.create_task(kernel.agent("A", model="a:1")("Hello"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await kernel.agent("A", model="a:1")("Hello")
    assert len(lines(path)) == 1


async def test_media_are_recorded(stage, path):
    image = ImageBlock(Base64Source("image/png", "AAAA"))
    for steps in ([[image, "A picture."]], []):
        async with stage("record", models={"a:1": steps}, **record(path)).kernel as kernel:
            reply = await kernel.agent("A", model="a:1")(Msg("user", [image]))
    assert reply.content[0] == image


async def test_secrets_are_not_recorded_and_a_replay_is_not_confused_by_that(stage, path):
    key = "sk-abcdefghijklmnop1234"
    own = "a secret of the kernel"
    script = [Step(f"Your key is {key}, and {own}.", chunk_size=5)]
    for steps in (script, []):
        at = stage("record", models={"a:1": ScriptedModel(steps)}, keys={"a": own}, **record(path))
        async with at.kernel as kernel:
            reply = await kernel.agent("A", model="a:1")(f"I have {key} and {own}.")
    text = path.read_text()
    assert key not in text
    assert own not in text
    assert reply.text == "Your key is ***, and ***."


async def test_a_request_that_has_no_json_form_cannot_be_recorded(stage, path):
    async with stage("record", models={"a:1": ["Hi!"]}, **record(path)).kernel as kernel:
        with pytest.raises(NotStorable, match="a request to a:1 cannot be recorded"):
            await kernel.agent("A", model="a:1")("Hello", callback=object())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "has no path"),
        ({"path": "x", "mode": "play"}, "Give one of: record, replay, auto"),
        ({"path": "x", "modus": "auto"}, "Did you mean 'mode'"),
        ({"path": "/nowhere/x.jsonl", "mode": "replay"}, "cannot be read"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_kernel_is_made(settings, said):
    with pytest.raises(BadSetting, match=said):
        Kernel(plugins=["record"], config={"record": settings}, environ={})


@pytest.mark.parametrize("line", ["not json", '{"request": {}}', '{"request": {}, "chunks": [{"what": 1}]}', "[]"])
def test_a_damaged_recording_is_refused_when_the_kernel_is_made(line, tmp_path):
    (tmp_path / "x.jsonl").write_text(line)
    with pytest.raises(BadSetting, match="is damaged"):
        Kernel(plugins=["record"], config={"record": {"path": tmp_path / "x.jsonl"}}, environ={})


@pytest.mark.parametrize(
    ("recorded", "asked", "said"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "a: recorded 1, asked 2"),
        ({"a": 1}, {}, "a: recorded 1, asked nothing"),
        ({}, {"b": [1]}, "b: recorded nothing, asked [1]"),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, "a[1].b: recorded 'x', asked 'y'"),
        ([1], [1, 2], "[1]: recorded nothing, asked 2"),
        ("x" * 100 + "a", "x" * 100 + "b", f": recorded …'{'x' * 20}a', asked …'{'x' * 20}b'"),
        ("a" * 90, "b" * 90, f": recorded '{'a' * 60}'…, asked '{'b' * 60}'…"),
        ([], {}, ": recorded [], asked {}"),
    ],
)
def test_the_first_difference_is_told(recorded, asked, said):
    assert first_difference(recorded, asked) == said
