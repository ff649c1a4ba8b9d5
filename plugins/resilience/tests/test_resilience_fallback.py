"""Which model answers, what it is asked, and what is said about it."""

import asyncio
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from trouplet.conversation import MultiAgentFormatter, Truncated
from trouplet.errors import (
    AuthenticationFailed,
    BadSetting,
    BareModelName,
    DeadlineExceeded,
    InvalidResponse,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    StreamInterrupted,
    UnknownProvider,
)
from trouplet.events import TextDelta
from trouplet.messages import Msg
from trouplet.model_io import CAPABILITIES, Finish, TextChunk, TokenCount
from trouplet.testing import PlainFormatter, ScriptedModel, Step, call
from trouplet_resilience import AllModelsFailed

DOWN = ProviderUnavailable("acme is down")


def falls_back(*models, **settings):
    return {"config": {"fallback": {"models": list(models), **settings}}}


async def test_the_next_model_answers_and_a_note_says_why(stage):
    at = stage("fallback", models={"a:1": [DOWN], "b:2": ["I am b."]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        reply = await kernel.agent("A", model="a:1")("Hello")
    assert reply.text == "I am b."
    assert reply.notes == ("b:2 answered instead: a:1 failed (TP-604 acme is down)",)


async def test_a_model_that_answers_is_the_only_one_asked(stage):
    at = stage("fallback", models={"a:1": ["I am a."], "b:2": []}, **falls_back("b:2"))
    async with at.kernel as kernel:
        reply = await kernel.agent("A", model="a:1")("Hello")
    assert (reply.text, reply.notes, at.models["b:2"].requests) == ("I am a.", (), [])


async def test_the_models_are_asked_in_order_and_none_twice(stage):
    models = {"a:1": [DOWN], "b:2": [DOWN], "c:3": ["I am c."]}
    at = stage("fallback", models=models, **falls_back("a:1", "b:2", "c:3"))
    async with at.kernel as kernel:
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "I am c."
    assert [len(model.requests) for model in at.models.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("error", "falls"),
    [
        (RateLimited("x"), True),
        (DeadlineExceeded("x"), True),
        (StreamInterrupted("x"), True),
        (InvalidResponse("x"), True),
        (AuthenticationFailed("x"), False),
        (RequestRejected("x"), False),
    ],
)
async def test_only_errors_that_another_model_may_not_have_are_fallen_back_from(stage, error, falls):
    at = stage("fallback", models={"a:1": [error], "b:2": ["I am b."]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        if falls:
            assert (await agent("Hello")).text == "I am b."
        else:
            with pytest.raises(type(error)) as caught:
                await agent("Hello")
            assert caught.value is error


async def test_the_errors_to_fall_back_from_are_a_setting(stage):
    models = {"a:1": [AuthenticationFailed("x"), RateLimited("y")], "b:2": ["I am b."]}
    at = stage("fallback", models=models, **falls_back("b:2", on=["authentication"]))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        assert (await agent("Hello")).text == "I am b."
        with pytest.raises(RateLimited):
            await agent("Hello")


async def test_an_answer_that_broke_off_in_sight_of_the_reader_fails_as_it_is(stage):
    at = stage("fallback", models={"a:1": [["Half an ans", DOWN]], "b:2": ["I am b."]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        with pytest.raises(ProviderUnavailable) as caught:
            await kernel.agent("A", model="a:1")("Hello")
    assert caught.value.partial == "Half an ans"
    assert at.models["b:2"].requests == []


@pytest.mark.parametrize("broken", [["Half an ans", DOWN], ["Half an ans", TextChunk("!")]])
async def test_with_a_buffer_no_fragment_of_a_broken_answer_is_ever_seen(stage, broken):
    models = {"a:1": [broken], "b:2": [Step("I am b.", chunk_size=2)]}
    at = stage("fallback", models=models, **falls_back("b:2", buffer=True))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        seen = [event.text async for event in agent.stream("Hello") if isinstance(event, TextDelta)]
        history = await agent.memory.get()
    assert "".join(seen) == "I am b."
    assert [msg.text for msg in history] == ["Hello", "I am b."]


async def test_an_empty_stream_is_a_broken_one(stage):
    async def nothing(request):
        return
        yield

    at = stage("fallback", models={"a:1": [nothing], "b:2": ["I am b."]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        assert (await kernel.agent("A", model="a:1")("Hello")).text == "I am b."


async def test_when_all_fail_the_error_names_every_model_and_its_error(stage):
    models = {"a:1": [DOWN], "b:2": [RateLimited("slow down", retry_after=7.0)], "c:3": [RequestRejected("bad")]}
    at = stage("fallback", models=models, **falls_back("b:2", "c:3"))
    async with at.kernel as kernel:
        with pytest.raises(AllModelsFailed) as caught:
            await kernel.agent("A", model="a:1")("Hello")
    error = caught.value
    assert isinstance(error, ModelError)
    assert str(error) == (
        "TP-600 none of 3 models answered. a:1: TP-604 acme is down; b:2: TP-603 slow down; c:3: TP-602 bad."
    )
    assert (error.retryable, error.retry_after) == (True, 7.0)
    assert isinstance(error.__cause__, ExceptionGroup)
    assert [type(one) for one in error.__cause__.exceptions] == [ProviderUnavailable, RateLimited, RequestRejected]


async def test_what_is_no_error_of_a_model_is_not_fallen_back_from(stage):
    at = stage("fallback", models={"a:1": [RuntimeError("a bug")], "b:2": []}, **falls_back("b:2"))
    async with at.kernel as kernel:
        with pytest.raises(RuntimeError, match="a bug"):
            await kernel.agent("A", model="a:1")("Hello")


async def test_the_next_model_has_what_is_left_of_the_deadline(stage):
    async def slow(request):
        await asyncio.sleep(0.2)
        raise DOWN

    at = stage("fallback", models={"a:1": [slow], "b:2": ["I am b."]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        await kernel.agent("A", model="a:1")("Hello", deadline=60)
    first, second = (model.requests[0].deadline for model in at.models.values())
    assert 59 < first <= 60
    assert second <= first - 0.15


async def test_no_model_is_asked_when_no_time_is_left(stage):
    async def slow(request):
        await asyncio.sleep(0.1)
        raise DeadlineExceeded("too late")

    at = stage("fallback", models={"a:1": [slow], "b:2": []}, **falls_back("b:2"))
    async with at.kernel as kernel:
        with pytest.raises(DeadlineExceeded, match="too late"):
            await kernel.agent("A", model="a:1")("Hello", deadline=0.05)
    assert at.models["b:2"].requests == []


async def test_cancelling_closes_the_stream_and_asks_nobody_else(stage):
    closed = asyncio.Event()
    asked = asyncio.Event()

    async def hangs(request):
        try:
            asked.set()
            await asyncio.Event().wait()
            yield TextChunk("never")
        finally:
            closed.set()

    at = stage("fallback", models={"a:1": [hangs], "b:2": []}, **falls_back("b:2"))
    async with at.kernel as kernel:
        task = asyncio.create_task(kernel.agent("A", model="a:1")("Hello"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert closed.is_set()
    assert at.models["b:2"].requests == []


async def test_breaking_off_reading_closes_the_stream_of_the_model_that_answers(stage):
    closed = asyncio.Event()

    async def long(request):
        try:
            for _ in range(1000):
                yield TextChunk("word ")
                await asyncio.sleep(0)
            yield Finish()
        finally:
            closed.set()

    at = stage("fallback", models={"a:1": [DOWN], "b:2": [long]}, **falls_back("b:2"))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        async with agent.stream("Hello") as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        await closed.wait()


# --- what the other model is asked


class OtherFormatter(PlainFormatter):
    """A formatter of another protocol."""


@dataclass
class Counter:
    async def count(self, messages, tools=()):
        return TokenCount([1] * len(messages))


async def formatter_of_the_second(stage, formatter=None, history="Hello", second=None):
    second = second or ScriptedModel(["I am b."], formatter=OtherFormatter())
    at = stage("fallback", models={"a:1": [DOWN], "b:2": second}, **falls_back("b:2"))
    async with at.kernel as kernel:
        reply = await kernel.agent("A", model="a:1", formatter=formatter)(history)
    assert reply.text == "I am b."
    return second.requests[0].formatter, second, reply


async def test_the_other_model_formats_by_itself(stage):
    formatter, _, reply = await formatter_of_the_second(stage)
    assert formatter is None
    assert len(reply.notes) == 1


async def test_in_a_conversation_of_several_the_other_models_formatter_is_the_inner_one(stage):
    history = [Msg("Ann", "Hi"), Msg("Bob", "Ho")]
    formatter, second, _ = await formatter_of_the_second(stage, history=history)
    assert isinstance(formatter, MultiAgentFormatter)
    assert formatter.chat is second.formatter


async def test_a_truncation_is_kept_around_the_other_models_formatter(stage):
    counter = Counter()
    given = Truncated(MultiAgentFormatter(PlainFormatter(), prompt="So far:"), counter, max_tokens=50)
    formatter, second, _ = await formatter_of_the_second(stage, given)
    assert isinstance(formatter, Truncated)
    assert (formatter.counter, formatter.max_tokens) == (counter, 50)
    assert isinstance(formatter.formatter, MultiAgentFormatter)
    assert (formatter.formatter.chat, formatter.formatter.prompt) == (second.formatter, "So far:")


async def test_a_formatter_that_was_made_for_the_first_model_is_left_out_with_a_note(stage):
    formatter, _, reply = await formatter_of_the_second(stage, PlainFormatter())
    assert formatter is None
    assert "b:2 was asked with its own formatter: the agent's was made for a:1" in reply.notes


async def test_a_formatter_of_the_same_protocol_is_kept(stage):
    given = PlainFormatter()
    second = ScriptedModel(["I am b."])
    formatter, _, _ = await formatter_of_the_second(stage, given, second=second)
    assert formatter is given


async def test_options_that_only_the_first_provider_knows_are_left_out_with_a_note(stage):
    models = {"a:1": [DOWN, DOWN], "a:2": [DOWN, DOWN], "b:3": ["I am b."] * 2}
    at = stage("fallback", models=models, **falls_back("a:2", "b:3"))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        reply = await agent("Hello", temperature=0.5, seed=7, logit_bias={})
        plain = await agent("Hello", temperature=0.5)
    assert at.models["a:2"].requests[0].options == {"temperature": 0.5, "seed": 7, "logit_bias": {}}
    assert at.models["b:3"].requests[0].options == {"temperature": 0.5}
    assert reply.notes[0] == "b:3 was asked without the options of a: logit_bias, seed"
    assert len(plain.notes) == 1


@dataclass
class Person:
    name: str


TypeAdapter(Person)  # on its first use, which is here, pydantic looks through the installed packages


@pytest.mark.parametrize("first", [CAPABILITIES, CAPABILITIES - {"json_schema"}], ids=["native", "tool"])
@pytest.mark.parametrize("second", ["native", "tool", "prompted"])
async def test_structured_output_is_asked_for_in_the_other_models_way(stage, first, second):
    able = {"native": CAPABILITIES, "tool": CAPABILITIES - {"json_schema"}, "prompted": frozenset(("system",))}[second]
    answer = call("generate_response", name="Ann") if second == "tool" else '{"name": "Ann"}'
    models = {
        "a:1": ScriptedModel([DOWN], capabilities=first),
        "t:2": ScriptedModel([DOWN], capabilities=CAPABILITIES - {"json_schema"}),
        "b:3": ScriptedModel([answer], capabilities=able),
    }
    at = stage("fallback", models=models, **falls_back("t:2", "b:3"))
    async with at.kernel as kernel:
        reply = await kernel.agent("A", model="a:1")("Who?", output_type=Person)
    assert reply.output == Person("Ann")
    asked = at.models["b:3"].requests[0]
    assert (asked.output_schema is not None) == (second == "native")
    assert [tool.name for tool in asked.tools] == (["generate_response"] if second == "tool" else [])


async def test_a_model_that_cannot_do_what_was_asked_is_passed_over(stage):
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    models = {"a:1": [DOWN], "b:2": ScriptedModel([], capabilities=frozenset(("system",))), "c:3": ["I am c."]}
    at = stage("fallback", models=models, **falls_back("b:2", "c:3"))
    async with at.kernel as kernel:
        reply = await kernel.agent("A", model="a:1", tools=[add])("Hello")
    assert reply.text == "I am c."
    assert "b:2 failed (TP-609 b:2 takes no tools)" in reply.notes[0]


# --- settings


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({}, BadSetting, "no models"),
        ({"models": []}, BadSetting, "no models"),
        ({"models": "b:2"}, BadSetting, "Give a list of names"),
        ({"models": ["gpt-5"]}, BareModelName, "has no provider"),
        ({"models": ["b:2"], "on": ["rate_limit"]}, BadSetting, "Did you mean 'rate_limited'"),
        ({"models": ["b:2"], "buffered": True}, BadSetting, "Did you mean 'buffer'"),
        ({"models": ["b:2"], "buffer": 1}, BadSetting, "Give true or false"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_kernel_is_made(stage, settings, kind, said):
    with pytest.raises(kind, match=said):
        stage("fallback", models={}, config={"fallback": settings})


async def test_a_model_that_cannot_be_made_is_an_error_when_the_kernel_starts(stage):
    at = stage("fallback", models={"a:1": []}, **falls_back("nowhere:m"))
    with pytest.raises(UnknownProvider):
        await at.kernel.__aenter__()
