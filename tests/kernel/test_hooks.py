import asyncio
from typing import Any

import pytest

from trouplet import Ask, Deny, Msg, ReActAgent, Subscription, TextDelta, ToolResultBlock, ToolUseBlock
from trouplet.errors import BadInput
from trouplet.messages import TextBlock
from trouplet.model_io import TextChunk
from trouplet.testing import ScriptedModel, call, validate_history
from trouplet.tool_io import Allow


async def quick(n: int = 0) -> str:
    """Be quick."""
    return f"quick {n}"


def agent_of(*steps: Any, cls: type[ReActAgent] = ReActAgent, **options: Any) -> ReActAgent:
    return cls("Friday", model=ScriptedModel(steps), tools=[quick], **options)


async def results(agent: ReActAgent) -> list[ToolResultBlock]:
    messages = await agent.memory.get()
    validate_history(messages)
    return [result for msg in messages for result in msg.blocks(ToolResultBlock)]


async def test_hooks_replace_or_keep_what_passes_through_them() -> None:
    agent = agent_of(lambda request: request.messages[-1].text)
    agent.hooks.add("before_reply", lambda msgs, scope: None)
    agent.hooks.add("before_reply", lambda msgs, scope: [Msg("user", msgs[-1].text + " b")])

    async def after(reply: Msg, scope: Any) -> Msg:
        return Msg(reply.name, reply.text + " c", "assistant")

    agent.hooks.add("after_reply", after)
    assert (await agent("a")).text == "a b c"


async def test_instance_hooks_run_before_class_hooks_and_those_before_base_classes() -> None:
    order: list[str] = []

    class Base(ReActAgent):
        pass

    class Derived(Base):
        pass

    Base.hooks.add("before_reply", lambda msgs, scope: order.append("base"))
    Derived.hooks.add("before_reply", lambda msgs, scope: order.append("derived"))
    agent = agent_of("hi", "hi", cls=Derived)
    agent.hooks.add("before_reply", lambda msgs, scope: order.append("instance"))
    await agent("go")
    assert order == ["instance", "derived", "base"]
    order.clear()
    await agent_of("hi", cls=Base)("go")
    assert order == ["base"]


async def test_hooks_may_be_removed_and_runs_in_progress_keep_theirs() -> None:
    seen: list[str] = []
    agent = agent_of("a", "b")

    def hook(msgs: Any, scope: Any) -> None:
        seen.append(msgs[0].text)
        agent.hooks.remove("before_reply", hook)

    agent.hooks.add("before_reply", hook)
    await agent("one")
    await agent("two")
    assert seen == ["one"]


def test_an_unknown_hook_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="before_acting"):
        agent_of().hooks.add("before_action", print)


def test_a_wrapper_has_to_be_synchronous() -> None:
    async def wrap(call_next: Any, scope: Any) -> None: ...

    with pytest.raises(BadInput, match="synchronous"):
        agent_of().hooks.add("wrap_model_call", wrap)


async def test_acting_hooks_fire_once_per_call_also_with_parallel_calls() -> None:
    fired: list[tuple[str, object]] = []
    agent = agent_of([call("quick", n=n) for n in range(3)], "done")
    agent.hooks.add("before_acting", lambda call, scope: fired.append(("before", call.input["n"])))
    agent.hooks.add("after_acting", lambda call, result, scope: fired.append(("after", call.input["n"])))
    await agent("go")
    assert sorted(fired) == sorted([(when, n) for when in ("before", "after") for n in range(3)])


@pytest.mark.parametrize(
    ("verdict", "status", "text"),
    [
        (Deny("not today"), "denied", "The call was not allowed: not today"),
        (ToolResultBlock("other", "quick", (TextBlock("cached"),)), "ok", "cached"),
        (ToolUseBlock("1", "quick", {"n": 7}), "ok", "quick 7"),
        (None, "ok", "quick 0"),
    ],
)
async def test_a_policy_hook_decides_about_a_call(verdict: Any, status: str, text: str) -> None:
    agent = agent_of(call("quick"), "done")
    agent.hooks.add("before_acting", lambda call, scope: verdict)
    await agent("go")
    [result] = await results(agent)
    assert (result.status, result.text) == (status, text)


async def test_the_first_verdict_ends_the_chain() -> None:
    agent = agent_of(call("quick"), "done")
    agent.hooks.add("before_acting", lambda call, scope: Deny("no"))
    agent.hooks.add("before_acting", lambda call, scope: pytest.fail("asked after the no"))
    await agent("go")


@pytest.mark.filterwarnings("ignore:.*never awaited")
async def test_a_failing_policy_hook_says_no() -> None:
    agent = agent_of(call("quick"), "done")

    def broken(call: Any, scope: Any) -> None:
        raise RuntimeError("the policy service is down")

    agent.hooks.add("before_acting", broken)
    await agent("go")
    assert [result.status for result in await results(agent)] == ["denied"]


async def test_a_policy_hook_that_hangs_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trouplet.tool_calls.GATE_DEADLINE", 0.05)
    agent = agent_of(call("quick"), "done")

    async def hang(call: Any, scope: Any) -> None:
        await asyncio.Event().wait()

    agent.hooks.add("before_acting", hang)
    await agent("go")
    assert [result.status for result in await results(agent)] == ["denied"]


async def test_an_ask_parks_the_run_and_a_decision_resumes_it() -> None:
    agent = agent_of([call("quick", n=1), call("quick", n=2)], "done")
    agent.hooks.add("before_acting", lambda call, scope: Ask("Really?") if call.input["n"] == 1 else None)
    stream = agent.stream("go")
    events = [event async for event in stream]
    reply = stream.reply
    assert reply is not None
    assert reply.status == events[-1].status == "parked"
    [(call_id, ask)] = reply.asks.items()
    assert ask.question == "Really?"
    again = agent.resume_stream(stream.state, {call_id: Allow()})
    assert [type(event).__name__ for event in [event async for event in again]][1:3] == ["ToolStarted", "ToolEnded"]
    assert again.reply is not None
    assert (again.reply.status, again.reply.text) == ("completed", "done")
    assert [result.text for result in await results(agent)] == ["quick 1", "quick 2"]


async def test_a_refused_call_is_told_to_the_model() -> None:
    agent = agent_of(call("quick"), "done")
    agent.hooks.add("before_acting", lambda call, scope: Ask("Really?"))
    stream = agent.stream("go")
    async for _ in stream:
        pass
    assert stream.reply is not None
    await agent.resume(stream.state, dict.fromkeys(stream.reply.asks, Deny("too dangerous")))
    [result] = await results(agent)
    assert (result.status, result.text) == ("denied", "The call was not allowed: too dangerous")


async def test_middleware_wraps_in_the_order_of_an_onion() -> None:
    order: list[str] = []

    def layer(name: str) -> Any:
        def wrap(call_next: Any, scope: Any) -> Any:
            async def wrapped(call: Any) -> Any:
                order.append(f"{name} in")
                result = await call_next(call)
                order.append(f"{name} out")
                return result

            return wrapped

        return wrap

    agent = agent_of(call("quick"), "done")
    agent.hooks.add("wrap_tool_call", layer("outer"))
    agent.hooks.add("wrap_tool_call", lambda call_next, scope: None)
    agent.hooks.add("wrap_tool_call", layer("inner"))
    await agent("go")
    assert order == ["outer in", "inner in", "inner out", "outer out"]


async def test_model_middleware_sees_and_changes_the_chunks() -> None:
    def shout(call_next: Any, scope: Any) -> Any:
        async def stream(request: Any) -> Any:
            async for chunk in call_next(request):
                yield TextChunk(chunk.text.upper()) if isinstance(chunk, TextChunk) else chunk

        return stream

    agent = agent_of("quiet")
    agent.hooks.add("wrap_model_call", shout)
    assert (await agent("go")).text == "QUIET"


async def test_reply_middleware_can_answer_instead_of_the_agent() -> None:
    agent = agent_of()
    agent.hooks.add("wrap_reply", lambda call_next, scope: _canned)
    assert (await agent("go")).text == "canned"


async def _canned(msgs: Any) -> Msg:
    return Msg("Friday", "canned", "assistant")


async def test_observers_get_the_types_that_they_asked_for() -> None:
    texts: list[str] = []
    batches: list[int] = []
    agent = agent_of("hello")
    agent.hooks.add("on_event", lambda scope: [Subscription((TextDelta,), lambda event: texts.append(event.text))])
    agent.hooks.add(
        "on_event", lambda scope: [Subscription((object,), lambda events: batches.append(len(events)), batch=4)]
    )
    await agent("go")
    assert texts == ["hello"]
    assert batches[0] == 4
    assert sum(batches) == 7


async def test_a_failing_observer_is_dropped_after_five_errors_and_harms_nothing() -> None:
    failures = 0

    def broken(event: Any) -> None:
        nonlocal failures
        failures += 1
        raise RuntimeError("no")

    agent = agent_of([TextChunk("x")] * 20 + [__import__("trouplet.model_io").model_io.Finish()])
    agent.hooks.add("on_event", lambda scope: [Subscription((TextDelta,), broken)])
    agent.hooks.add("on_event", lambda scope: 1 / 0)
    assert (await agent("go")).text == "x" * 20
    assert failures == 5


async def test_reasoning_hooks_may_change_request_and_response() -> None:
    agent = agent_of(lambda request: f"{request.tool_choice}")

    def before(request: Any, scope: Any) -> Any:
        request.tool_choice = "none"
        return request

    def after(response: Any, scope: Any) -> Any:
        from dataclasses import replace

        return replace(response, content=(TextBlock("instead"),))

    agent.hooks.add("before_reasoning", before)
    assert (await agent("go")).text == "none"
    agent = agent_of("said")
    agent.hooks.add("after_reasoning", after)
    assert (await agent("go")).text == "instead"
    assert (await agent.memory.get())[-1].text == "instead"


async def test_observe_hooks_may_change_what_is_taken_in() -> None:
    agent = agent_of()
    seen: list[str] = []
    agent.hooks.add("before_observe", lambda msgs, scope: [Msg("bob", "instead")])
    agent.hooks.add("after_observe", lambda msgs, scope: seen.append(msgs[0].text))
    await agent.observe("hello")
    assert [msg.text for msg in await agent.memory.get()] == seen == ["instead"]
