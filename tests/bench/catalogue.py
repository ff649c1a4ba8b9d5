"""The scenarios, in the order of the table, with what each aims at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from idle_memory import IdleAgents
from imports import PeerImport
from instructions import STEPS
from linearity import Linearity
from measurement import PairScenario
from token_overhead import TokenOverhead

if TYPE_CHECKING:
    from measurement import Row, Server


class Scenario(Protocol):
    """Something that can be measured."""

    @property
    def name(self) -> str: ...

    def rows(self, server: Server, repeats: int) -> list[Row]:
        """Measure, and return lines for the table; raises ``Skipped`` where that cannot be done."""
        ...


SCENARIOS: tuple[Scenario, ...] = (
    PairScenario(
        "hello", "cold hello world, whole process", "cold", "hello",
        floor="floor_hello", ours="ours_hello", whole_process=True, aim=1.3,
    ),
    PairScenario(
        "construction", "import and construction, whole process", "cold", "hello",
        floor="floor_construction", ours="ours_construction", whole_process=True,
    ),
    PairScenario("call", "2,000 sequential calls", "calls", "hello", 2_000, "call", aim=1.2),
    PairScenario(
        "chunk-2000", "burst of 2,000 chunks, as events", "streams", "chunks-2000", 2_000, "chunk",
        ours="ours_events", aim=1.3,
    ),
    PairScenario(
        "chunk-20000", "burst of 20,000 chunks, as events", "streams", "chunks-20000", 20_000, "chunk",
        ours="ours_events", aim=1.3,
    ),
    Linearity("chunk-linear", "a chunk of 20,000 ÷ a chunk of 2,000", aim=1.2),
    PairScenario(
        "reply-20000", "burst of 20,000 chunks, the reply alone", "streams", "chunks-20000", 20_000, "chunk",
        ours="ours_reply", aim=1.3,
    ),
    PairScenario(
        "event-2000", "2,000 chunks, an HTTP chunk each", "streams", "events-2000", 2_000, "chunk",
        ours="ours_events",
    ),
    PairScenario("rounds-10", "10 rounds of one tool", "tool_rounds", "rounds-10", 10, "turn", aim=1.4),
    PairScenario("rounds-30", "30 rounds of one tool", "tool_rounds", "rounds-30", 30, "turn", aim=1.5),
    PairScenario("parallel-50", "50 parallel async tools", "tool_rounds", "parallel-50", 50, "turn", aim=2.0),
    PairScenario(
        "parallel-50-sync", "50 parallel tools in threads", "tool_rounds", "parallel-50", 50, "turn",
        floor="floor_sync_tools", ours="ours_sync_tools",
    ),
    PairScenario(
        "agents-1000", "1,000 agents x 3 rounds ÷ raw aiohttp", "concurrency", "rounds-3-after-100", 1_000,
        "agent", aim=3.0,
    ),
    PairScenario(
        "agents-300", "300 agents x 3 rounds ÷ raw aiohttp", "concurrency", "rounds-3-after-100", 300, "agent",
        repeats=3,
    ),
    PairScenario(
        "httpx-300", "raw httpx instead of ours ÷ raw aiohttp", "concurrency", "rounds-3-after-100", 300, "agent",
        ours="raw_httpx", repeats=1,
    ),
    IdleAgents("idle", "10,000 idle agents, resident bytes each", "shared_toolkit", aim=3.8),
    IdleAgents("idle-own-tools", "1,000 with tools=[function] each", "own_tools", number=1_000),
    PairScenario(
        "turns-500", "500 turns in one conversation", "conversations", "hello", 500, "turn",
        floor="floor_many_turns", ours="ours_many_turns",
    ),
    PairScenario(
        "turn-on-2000", "a turn on top of 2,000 messages", "conversations", "hello", 2_000, "turn",
        floor="floor_turns", ours="ours_turns", aim=2.0,
    ),
    PairScenario(
        "first-turn-on-2000", "the first turn on 2,000 loaded messages", "conversations", "hello", 2_000, "turn",
        floor="floor_first_turn", ours="ours_first_turn",
    ),
    PairScenario(
        "schemas-500", "registration of 500 tools", "tool_schemas", "hello", 500, "tool",
        floor="floor_registration", ours="ours_registration",
    ),
    PairScenario(
        "call-with-500", "a call with 500 tool schemas", "tool_schemas", "hello", 500, "call",
        floor="floor_calls", ours="ours_calls",
    ),
    *[
        PairScenario(
            f"format-{provider}", f"2,000 new messages for {provider} ÷ json", "formatting", "hello", 2_000, "message",
            floor=f"floor_{provider.replace('-', '_')}", ours=f"ours_{provider.replace('-', '_')}", aim=2.0,
        )
        for provider in (
            "openai", "openai-responses", "anthropic", "gemini", "dashscope", "deepseek", "ollama",
        )
    ],
    TokenOverhead("token", "the kernel's part of a chunk, unwatched", "unwatched", aim=1.0),
    TokenOverhead("token-subscribers", "the same with ten filtered subscribers", "ten_subscribers", aim=1.5),
    TokenOverhead("token-streamed", "the same, every event to the caller", "streamed"),
    *STEPS,
    PeerImport(),
)  # fmt: skip
