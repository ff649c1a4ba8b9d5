import asyncio
from typing import Any

import pytest

from trouplet import Msg, MsgHub, ReActAgent, UserAgent, fanout_pipeline, sequential_pipeline
from trouplet.testing import ScriptedModel


def agent(name: str, *steps: Any) -> ReActAgent:
    return ReActAgent(name, model=ScriptedModel(steps))


async def heard(agent: ReActAgent) -> list[str]:
    return [f"{msg.name}: {msg.text}" for msg in await agent.memory.get()]


async def test_in_a_hub_everybody_hears_the_others() -> None:
    ann, bob, carl = agent("ann", "I am Ann."), agent("bob", "I am Bob."), agent("carl")
    async with MsgHub([ann, bob, carl], announcement=Msg("host", "Introduce yourselves.")):
        await ann()
        await bob()
    assert await heard(carl) == ["host: Introduce yourselves.", "ann: I am Ann.", "bob: I am Bob."]
    assert await heard(ann) == ["host: Introduce yourselves.", "ann: I am Ann.", "bob: I am Bob."]


async def test_who_left_a_hub_neither_hears_nor_is_heard() -> None:
    ann, bob = agent("ann", "one", "two"), agent("bob", "three")
    async with MsgHub([ann, bob]) as hub:
        hub.remove(ann)
        await ann("go")
        await bob("go")
        hub.add(ann)
        assert hub.participants == (bob, ann)
    await ann("go")
    assert await heard(bob) == ["user: go", "bob: three"]
    assert await heard(ann) == ["user: go", "ann: one", "user: go", "ann: two"]


async def test_without_auto_broadcast_only_broadcasts_are_heard() -> None:
    ann, bob = agent("ann", "one"), agent("bob")
    async with MsgHub([ann, bob], auto_broadcast=False) as hub:
        await ann("go")
        await hub.broadcast(Msg("host", "all"))
    assert await heard(bob) == ["host: all"]


async def test_one_deaf_listener_does_not_keep_the_message_from_the_others() -> None:
    class Deaf(ReActAgent):
        async def observe(self, msgs: Any) -> None:
            raise RuntimeError("deaf")

    ann, bob, deaf = agent("ann"), agent("bob"), Deaf("deaf", model=ScriptedModel([]))
    with pytest.raises(ExceptionGroup) as caught:
        async with MsgHub([deaf, ann, bob]) as hub:
            await hub.broadcast("hello")
    assert "deaf observed" in caught.value.exceptions[0].__notes__[0]
    assert await heard(bob) == ["user: hello"]


async def test_a_sequence_passes_each_reply_on() -> None:
    def echo(request: Any) -> str:
        return request.messages[-1].text + "!"

    assert (await sequential_pipeline([agent("a", echo), agent("b", echo)], "hi")).text == "hi!!"
    assert await sequential_pipeline([], "hi") == "hi"


async def test_a_fanout_asks_all_and_keeps_their_order() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(request: Any) -> str:
        await meeting.wait()
        return request.messages[-1].text

    replies = await fanout_pipeline([agent("a", meet), agent("b", meet)], "hi")
    assert [(reply.name, reply.text) for reply in replies] == [("a", "hi"), ("b", "hi")]
    assert await fanout_pipeline([], "hi") == []
    assert [reply.text for reply in await fanout_pipeline([agent("a", "x")], "hi", parallel=False)] == ["x"]


async def test_a_person_takes_part_as_an_agent() -> None:
    async def ask(prompt: str) -> str:
        return f"answer to {prompt!r}"

    reply = await UserAgent("Ann", ask=ask)(Msg("Friday", "Well?", "assistant"))
    assert (reply.role, reply.text) == ("user", "answer to 'Ann: '")
