"""Who may ask when: places, paces, their order, and what a call costs."""

import asyncio
import gc
import math
import random
from contextlib import aclosing, suppress

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, DeadlineExceeded, ProviderUnavailable, RateLimited
from trouplet.messages import ImageBlock, Msg, TextBlock, ToolResultBlock, ToolUseBlock, URLSource
from trouplet.model_io import Finish, ModelInfo, ModelRequest, TextChunk, ToolSchema, Usage
from trouplet.testing import ScriptedModel, Step
from trouplet_resilience import RateLimits
from trouplet_resilience.limit import Limit
from trouplet_resilience.limited_calls import estimated_tokens
from trouplet_resilience.pace import Pace

INFO = ModelInfo("a", "1")


class Door:
    """A model that answers when it is told to, and knows how many are inside."""

    def __init__(self):
        self.inside = self.most = 0
        self.order = []
        self.open = asyncio.Event()

    async def __call__(self, request):
        self.order.append(request.messages[-1].text)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.open.wait()
            yield TextChunk("Yes.")
            yield Finish()
        finally:
            self.inside -= 1


async def settled():
    """Let everybody go as far as they can."""
    for _ in range(50):
        await asyncio.sleep(0)


def limits(**of):
    return {"config": {"rate-limits": of}}


# --- places


async def test_no_more_calls_run_at_once_than_there_are_places_and_they_go_in_order(stage):
    door = Door()
    models = {"a:1": ScriptedModel([door] * 6)}
    at = stage("rate-limits", models=models, **limits(a={"concurrency": 2}))
    async with at.kernel as kernel:
        tasks = [asyncio.create_task(kernel.agent("A", model="a:1")(str(number))) for number in range(6)]
        await settled()
        assert door.order == ["0", "1"]
        door.open.set()
        await asyncio.gather(*tasks)
    assert door.most == 2
    assert door.order == ["0", "1", "2", "3", "4", "5"]


async def test_a_limit_is_shared_by_the_models_of_a_provider_and_a_pattern_limits_some(stage):
    doors = {"a:1": Door(), "a:2": Door(), "b:1": Door()}
    models = {name: ScriptedModel([door] * 3) for name, door in doors.items()}
    shared = limits(**{"a": {"concurrency": 3}, "a:2*": {"concurrency": 1}})
    at = stage("rate-limits", models=models, **shared)
    async with at.kernel as kernel:
        tasks = [
            asyncio.create_task(kernel.agent("A", model=name)("x"))
            for name in ("a:2", "a:2", "a:1", "a:1", "a:1", "b:1", "b:1", "b:1")
        ]
        await settled()
        assert {name: door.inside for name, door in doors.items()} == {"a:1": 2, "a:2": 1, "b:1": 3}
        for door in doors.values():
            door.open.set()
        await asyncio.gather(*tasks)


async def test_two_kernels_with_one_object_share_its_limits(stage):
    shared, door = RateLimits({"a": {"concurrency": 1}}), Door()
    stages = [
        stage("rate-limits", models={"a:1": ScriptedModel([door])}, resources={"rate-limits": shared}) for _ in range(2)
    ]
    async with stages[0].kernel as one, stages[1].kernel as other:
        tasks = [asyncio.create_task(kernel.agent("A", model="a:1")("x")) for kernel in (one, other)]
        await settled()
        assert door.inside == 1
        door.open.set()
        await asyncio.gather(*tasks)


async def test_a_cancelled_waiter_leaves_the_queue_and_a_cancelled_call_its_place(stage):
    door = Door()
    at = stage("rate-limits", models={"a:1": ScriptedModel([door] * 3)}, **limits(a={"concurrency": 1}))
    async with at.kernel as kernel:
        running, waiting, last = (asyncio.create_task(kernel.agent("A", model="a:1")(name)) for name in "rwl")
        await settled()
        waiting.cancel()
        await settled()
        assert door.order == ["r"]
        running.cancel()
        await settled()
        assert door.order == ["r", "l"]
        door.open.set()
        assert (await last).text == "Yes."
        for task in (running, waiting):
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_whatever_is_cancelled_when_no_place_is_lost_and_none_is_taken_twice():
    shared = RateLimits({"a": {"concurrency": 3}, "a:*": {"concurrency": 5, "requests_per_minute": 600_000}})
    chance = random.Random(11)
    inside = most = 0

    async def call():
        nonlocal inside, most
        grant = await shared.acquire(INFO, 0, deadline=chance.choice((None, 0.01, 5)))
        inside, most = inside + 1, max(most, inside + 1)
        try:
            await asyncio.sleep(chance.random() / 1000)
        finally:
            inside -= 1
            grant.release()

    tasks = [asyncio.create_task(call()) for _ in range(400)]
    for task in chance.sample(tasks, 200):
        await asyncio.sleep(chance.random() / 2000)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} <= {type(None), asyncio.CancelledError, DeadlineExceeded}
    assert (inside, most) == (0, 3)
    async with asyncio.timeout(5):
        for _ in range(3):
            await shared.acquire(INFO, 0)
    with pytest.raises(DeadlineExceeded):
        await shared.acquire(INFO, 0, deadline=0.01)


@pytest.mark.parametrize("broken", [ProviderUnavailable("x"), [TextChunk("half"), ProviderUnavailable("x")]])
async def test_a_call_that_fails_gives_its_place_back(stage, broken):
    at = stage("rate-limits", models={"a:1": [broken, "Yes."]}, **limits(a={"concurrency": 1}))
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        with pytest.raises(ProviderUnavailable):
            await agent("x")
        assert (await agent("x")).text == "Yes."


async def model_calls(kernel):
    """How an agent of one's own calls its model."""
    from trouplet.agent_run import Run

    agent = kernel.agent("A", model="a:1")
    return Run(agent, (), kernel=kernel, memory=agent.memory).model_call


async def test_a_stream_that_is_read_to_its_end_and_never_closed_gives_its_place_back(stage):
    at = stage("rate-limits", models={"a:1": ["One.", "Two."]}, **limits(a={"concurrency": 1}))
    async with at.kernel as kernel:
        call = await model_calls(kernel)
        for _ in range(2):
            async with asyncio.timeout(5):
                assert [type(chunk) async for chunk in call(ModelRequest([]))] == [TextChunk, Finish]
            gc.collect()


async def test_a_stream_that_is_closed_before_it_is_read_never_takes_a_place(stage):
    at = stage("rate-limits", models={"a:1": ["One."]}, **limits(a={"concurrency": 1}))
    async with at.kernel as kernel:
        call = await model_calls(kernel)
        unread = call(ModelRequest([]))
        await unread.aclose()
        assert [chunk async for chunk in unread] == []
        async with aclosing(call(ModelRequest([]))) as chunks:
            assert (await anext(chunks)).text == "One."


# --- paces


class Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_pace_is_full_at_first_and_is_filled_up_evenly():
    time = Time()
    pace = Pace(60, time)
    assert pace.wait(60) == 0
    pace.take(60)
    assert pace.wait(1) == 1
    time.now += 0.5
    assert pace.wait(1) == 0.5
    time.now += 1000
    assert pace.wait(60) == 0
    assert pace.wait(61) == 1


def test_what_was_not_used_is_given_back_and_what_was_used_beyond_is_owed():
    time = Time()
    pace = Pace(60, time)
    pace.take(50)
    pace.take(-45)
    assert pace.wait(55) == 0
    pace.take(100)
    assert pace.wait(0) == 45


async def test_calls_beyond_the_pace_wait_for_it():
    limit = Limit(requests_per_minute=3000)  # one in 20 ms, after the first 3,000
    limit._requests.take(3000)
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        await limit.acquire(0)
    assert asyncio.get_running_loop().time() - began >= 0.095


async def test_who_came_first_goes_first_however_large_the_call_is():
    limit = Limit(tokens_per_minute=60_000)  # a thousand a second
    (await limit.acquire(60_000)).release()
    order = []

    async def one(name, tokens):
        await limit.acquire(tokens)
        order.append(name)

    await asyncio.gather(one("large", 200), one("small", 1), one("middle", 50))
    assert order == ["large", "small", "middle"]


async def test_giving_tokens_back_wakes_who_waits_for_them():
    limit = Limit(tokens_per_minute=600)
    first = await limit.acquire(600)
    waiting = asyncio.create_task(limit.acquire(500))
    await settled()
    assert not waiting.done()
    first.settle(50)
    async with asyncio.timeout(5):
        await waiting


async def test_a_call_larger_than_a_minutes_allowance_waits_for_a_full_one():
    limit = Limit(tokens_per_minute=600)
    assert limit.wait(10_000) == 0
    async with asyncio.timeout(5):
        await limit.acquire(10_000)
    assert limit.wait(10_000) == pytest.approx(60, abs=1)


async def test_a_wait_that_does_not_fit_into_the_deadline_fails_at_once_and_costs_nothing():
    shared = RateLimits({"a": {"requests_per_minute": 6}})
    for _ in range(6):
        await shared.acquire(INFO, 0)
    with pytest.raises(RateLimited) as caught:
        await shared.acquire(INFO, 0, deadline=5)
    assert isinstance(caught.value, DeadlineExceeded)
    assert caught.value.retryable
    assert caught.value.retry_after == pytest.approx(10, abs=1)
    assert shared.of(INFO)[0][1].wait(0) == pytest.approx(10, abs=1)


async def test_the_wait_is_foreseen_with_those_who_wait_already():
    shared = RateLimits({"a": {"tokens_per_minute": 600}})
    await shared.acquire(INFO, 600)
    waiting = asyncio.create_task(shared.acquire(INFO, 300))
    await settled()
    with pytest.raises(RateLimited) as caught:
        await shared.acquire(INFO, 100, deadline=35)
    assert caught.value.retry_after == pytest.approx(40, abs=1)
    waiting.cancel()
    await settled()
    assert shared.of(INFO)[0][1].wait(100) == pytest.approx(10, abs=1)


async def test_a_wait_that_turns_out_too_long_ends_with_the_deadline_and_gives_back_what_it_had():
    shared = RateLimits({"a": {"concurrency": 1}, "a:1": {"requests_per_minute": 1, "concurrency": 1}})
    holder = await shared.of(INFO)[1][1].acquire(0)
    with pytest.raises(DeadlineExceeded, match="rate limits left no room"):
        await shared.acquire(INFO, 0, deadline=0.05)
    holder.release()
    async with asyncio.timeout(5):
        await shared.acquire(INFO, 0)


async def test_the_call_has_what_is_left_of_its_deadline_after_waiting(stage):
    door = Door()
    at = stage("rate-limits", models={"a:1": ScriptedModel([door, "Two."])}, **limits(a={"concurrency": 1}))
    async with at.kernel as kernel:
        first = asyncio.create_task(kernel.agent("A", model="a:1")("x"))
        await settled()
        second = asyncio.create_task(kernel.agent("A", model="a:1")("x", deadline=60))
        await asyncio.sleep(0.1)
        door.open.set()
        await asyncio.gather(first, second)
    assert at.models["a:1"].requests[1].deadline <= 59.95


# --- tokens


async def run_once(stage, model):
    shared = RateLimits({"a": {"tokens_per_minute": 60}})
    at = stage("rate-limits", models={"a:1": model}, resources={"rate-limits": shared})
    async with at.kernel as kernel:
        with suppress(ProviderUnavailable):
            await kernel.agent("A", model="a:1")("x" * 80)
    return shared.of(INFO)[0][1].wait(60)  # a token a second


async def test_a_call_costs_what_its_provider_reports(stage):
    assert await run_once(stage, [Step("Yes.", usage=Usage(40, 15))]) == pytest.approx(55, abs=2)


async def test_a_call_costs_its_estimate_when_the_provider_reports_nothing_or_breaks_off(stage):
    for answer in (
        ["Yes.", Finish()],
        ["Half", ProviderUnavailable("x")],
        ["Yes.", Finish(usage=Usage.not_reported())],
    ):
        said = [TextChunk(part) if isinstance(part, str) else part for part in answer]
        assert await run_once(stage, [said]) == pytest.approx(20, abs=2)


def test_an_estimate_counts_text_media_tools_and_the_answers_limit():
    parts = [TextBlock("x" * 40), ImageBlock(URLSource("https://x.test/i.png"))]
    result = ToolResultBlock("1", "f", (TextBlock("é" * 20),))
    messages = [
        Msg("u", parts),
        Msg("a", [ToolUseBlock("1", "f", {}, '{"a": 1}')], "assistant"),
        Msg("t", [result], "tool"),
    ]
    assert estimated_tokens(ModelRequest(messages)) == 10 + 1000 + 2 + 10
    tool = ToolSchema("f", "x" * 38, {})
    assert estimated_tokens(ModelRequest(messages[:1], [tool], options={"max_tokens": 500})) == 1010 + 10 + 500


# --- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"openai": 5}, "Give a table of settings"),
        ({"openai": {}}, "limits nothing"),
        ({"openai": {"concurency": 5}}, "Did you mean 'concurrency'"),
        ({"openai": {"concurrency": 0}}, "Give a whole number, 1 or more"),
        ({"openai": {"tokens_per_minute": math.inf}}, "Give a number greater than 0"),
    ],
)
def test_a_wrong_setting_is_refused_when_the_kernel_is_made(settings, said):
    with pytest.raises(BadSetting, match=said):
        Kernel(plugins=["rate-limits"], config={"rate-limits": settings}, environ={})
