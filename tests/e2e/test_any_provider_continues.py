"""A conversation that began with one provider goes on with any other, and nothing of it is lost without a word."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from providers import CONTRACTS, contract

from trouplet import InMemoryMemory, Msg, ReActAgent, TextDelta
from trouplet.messages import Base64Source, ImageBlock, TextBlock
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.testing import validate_history
from trouplet.testing.contracts.http_model.stand import Peer
from trouplet.testing.contracts.scenarios import Scenario
from trouplet.testing.request_rules import violations

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE = ImageBlock(Base64Source("image/png", PIXEL))


async def look(where: str = "here") -> list[TextBlock | ImageBlock]:
    """Look around."""
    return [TextBlock(f"This is {where}:"), IMAGE]


async def brew(minutes: int) -> str:
    """Brew tea."""
    raise RuntimeError("the stove is off")


def call(index: int, name: str, arguments: str) -> tuple[ToolCallChunk, ToolCallChunk]:
    return ToolCallChunk(index, "", f"call_{name}_{index}", name), ToolCallChunk(index, arguments)


THOUGHT = ThinkingChunk("The image first.")
ANSWERS = [
    Scenario("a thought and an answer", (THOUGHT, TextChunk("I see one pixel."))),
    Scenario(
        "parallel calls",
        (
            ThinkingChunk("Both at once."),
            *call(0, "look", '{"where": "the kitchen"}'),
            *call(1, "brew", '{"minutes": 3}'),
        ),
        "tool_calls",
    ),
    Scenario("after the calls", (TextChunk("The kitchen is there, but the stove is off."),)),
    Scenario("an answer that is interrupted", (TextChunk("Once upon"),), end="stall"),
    Scenario("a call with wrong arguments", call(0, "brew", '{"minutes": "many"}'), "tool_calls"),
    Scenario("after the wrong call", (TextChunk("I gave the wrong minutes."),)),
    Scenario("a last answer", (TextChunk("You are welcome."),)),
]
QUESTIONS = [
    Msg("user", [TextBlock("What is this?"), IMAGE]),
    Msg("user", "Look around and make tea."),
    Msg("user", "Tell me a story."),
    Msg("user", "Then make tea at last."),
    Msg("user", "Thank you. 茶 🫖"),
]


@asynccontextmanager
async def peer_of(provider: str, answers: Sequence[Scenario]) -> AsyncIterator[Peer]:
    """The model of a provider whose server gives these answers in order."""
    suite = contract(provider)
    async with suite.peer(*[suite.replies.answer(answer) for answer in answers]) as peer:
        yield peer


def agent_of(peer: Peer, memory: InMemoryMemory) -> ReActAgent:
    tools = [look, brew] if peer.can("tools") else []
    return ReActAgent("Friday", model=peer.model, sys_prompt="Be brief.", memory=memory, tools=tools)


async def converse(provider: str) -> InMemoryMemory:
    """Five turns with a provider: image, thinking, parallel tools, one fails, an interruption, wrong arguments."""
    memory = InMemoryMemory()
    async with peer_of(provider, ANSWERS) as peer:
        agent = agent_of(peer, memory)
        for question in QUESTIONS:
            if question.text == "Tell me a story.":
                await interrupted(agent, question)
            else:
                reply = await agent(question)
                assert reply.status == "completed", reply
        assert len(peer.server.requests) == len(ANSWERS)
    return memory


async def interrupted(agent: ReActAgent, question: Msg) -> None:
    stream = agent.stream(question)
    async for event in stream:
        if isinstance(event, TextDelta):
            agent.interrupt()


@pytest.fixture(scope="module")
def conversations() -> dict[str, list[Msg]]:
    """The conversation with each provider."""

    async def all_of_them() -> dict[str, list[Msg]]:
        return {provider: list(await (await converse(provider)).get()) for provider in CONTRACTS}

    return asyncio.run(all_of_them())


def said(history: Sequence[Msg]) -> list[str]:
    return [msg.text for msg in history if msg.text and msg.role in ("user", "assistant")]


@pytest.mark.parametrize("first", CONTRACTS)
def test_five_turns_leave_a_history_that_every_provider_accepts(
    conversations: dict[str, list[Msg]], first: str
) -> None:
    history = conversations[first]
    validate_history(history)
    texts = said(history)
    assert "I see one pixel." in texts
    assert "Once upon" in texts
    statuses = [block.status for msg in history if msg.role == "tool" for block in msg.content]
    assert statuses == ["ok", "error", "error"]


@pytest.mark.parametrize("second", CONTRACTS)
@pytest.mark.parametrize("first", CONTRACTS)
async def test_a_conversation_goes_on_with_another_provider(
    conversations: dict[str, list[Msg]], first: str, second: str
) -> None:
    memory = InMemoryMemory()
    await memory.add(conversations[first])
    async with peer_of(second, [Scenario("an answer", (TextChunk("Good bye."),))]) as peer:
        reply = await agent_of(peer, memory)("Bye!")
        (body,) = peer.bodies
    assert reply.text == "Good bye."
    assert violations(contract(second).history_rules, body) == []
    wire = json.dumps(body, ensure_ascii=False)
    assert [text for text in said(conversations[first]) if json.dumps(text, ensure_ascii=False)[1:-1] not in wire] == []
    assert wire.count(PIXEL) == 2 or any(["image" in note for note in reply.notes])
    thoughts = [msg for msg in conversations[first] if msg.thinking]
    sent = [msg for msg in thoughts if msg.thinking in wire]
    assert len(sent) == len(thoughts) or any(["reasoning" in note for note in reply.notes]), reply.notes
