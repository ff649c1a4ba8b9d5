"""Checks of sound answers: whatever way they come in, they are the same answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import InvalidResponse
from trouplet.model_io import Finish, TextChunk
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.replies import GAP
from trouplet.testing.contracts.http_model.stand import HTTPStand, Outcome, facts

if TYPE_CHECKING:
    from trouplet.model_io import FinishReason, Usage
    from trouplet.testing.contracts.scenarios import Scenario
    from trouplet.testing.fault_server import Part, Request, Script

_ANSWERS = [
    scenarios.ANSWER, scenarios.THOUGHT, scenarios.ONE_CALL, scenarios.PARALLEL_CALLS, scenarios.NO_ARGUMENTS,
    scenarios.EVERYTHING, scenarios.TOO_LONG, scenarios.NOTHING,
]  # fmt: skip
_CALLS = frozenset(("tools", "parallel_tools"))


class AnswerChecks(HTTPStand):
    """What becomes of sound answers."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("scenario", _ANSWERS, ids=lambda scenario: scenario.name)
    async def test_what_is_streamed_is_what_is_answered_whole(self, scenario: Scenario) -> None:
        streamed = await self.streamed(scenario)
        whole = await self.whole(scenario)
        assert facts(streamed.blocks) == facts(whole.blocks)
        assert streamed.finish is not None
        assert whole.finish is not None
        assert streamed.finish.reason == whole.finish.reason == scenario.finish_reason
        assert streamed.finish.usage == whole.finish.usage

    @pytest.mark.asyncio
    async def test_the_blocks_of_an_answer_keep_their_order(self) -> None:
        outcome = await self.streamed(scenarios.EVERYTHING)
        told = [("call", part.name) if part.kind == "call" else (part.kind,) for part in scenarios.EVERYTHING.parts]
        got = [(fact[0], fact[2]) if fact[0] == "call" else (fact[0],) for fact in facts(outcome.blocks)]
        assert got == told

    @pytest.mark.asyncio
    async def test_an_answer_in_single_bytes_is_the_same_answer(self) -> None:
        body = self.replies.encoded(self.replies.payloads(scenarios.ANSWER))
        parts = [part for byte in body for part in (bytes([byte]), *GAP)]
        assert await self._answer_of(*parts) == facts((await self.streamed(scenarios.ANSWER)).blocks)

    @pytest.mark.asyncio
    async def test_characters_may_be_split_at_any_byte(self) -> None:
        body = self.replies.encoded(self.replies.payloads(scenarios.ANSWER))
        splits = [n for n in range(1, len(body)) if body[n - 1] >= 0x80 or body[n] >= 0x80]
        expected = facts((await self.streamed(scenarios.ANSWER)).blocks)
        for split in splits:
            got = await self._answer_of(body[:split], *GAP, body[split:])
            assert got == expected, f"split between {body[:split][-8:]!r} and {body[split:][:8]!r}"

    @pytest.mark.asyncio
    async def test_keep_alives_between_the_pieces_change_nothing(self) -> None:
        if self.wire.keep_alive is None:
            pytest.skip("not applicable: the protocol has no keep-alives")
        pieces = [self.wire.encode(payload) for payload in self.replies.payloads(scenarios.ANSWER)]
        parts = [part for piece in pieces for part in (self.wire.keep_alive, piece)]
        assert await self._answer_of(*parts) == facts((await self.streamed(scenarios.ANSWER)).blocks)

    @pytest.mark.asyncio
    async def test_fields_that_nobody_knows_change_nothing(self) -> None:
        payloads = [
            payload if isinstance(payload, str) else {**payload, "new_in_2031": {"a": [None]}}
            for payload in self.replies.payloads(scenarios.ANSWER)
        ]
        got = await self._answer_of(self.replies.encoded(payloads))
        assert got == facts((await self.streamed(scenarios.ANSWER)).blocks)

    @pytest.mark.asyncio
    async def test_pieces_are_passed_on_as_they_come(self) -> None:
        first = replace(scenarios.ANSWER, chunks=scenarios.ANSWER.chunks[:1], end="stall")
        async with self.peer(self.replies.answer(first), idle_timeout=0.4) as peer:
            outcome = await peer.ask()
        outcome.failed()
        assert outcome.text == first.text, "the first piece waits for the second"

    @pytest.mark.asyncio
    async def test_pieces_of_parallel_calls_may_come_mixed(self) -> None:
        if not self.wire.interleaves:
            pytest.skip("not applicable: the protocol does not mix calls")
        outcome = await self.streamed(scenarios.INTERLEAVED)
        got = [(call.name, dict(call.input)) for call in outcome.calls]
        assert got == [(name, arguments) for _, name, arguments in scenarios.INTERLEAVED.calls]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("id", ["call_same", ""], ids=["the same id", "no id"])
    async def test_calls_with_bad_ids_stay_apart(self, id: str) -> None:
        scenario = scenarios.with_ids(scenarios.PARALLEL_CALLS, id)
        async with self.peer(self.replies.answer(scenario), needs=_CALLS) as peer:
            outcome = await peer.ask()
        if isinstance(outcome.error, InvalidResponse):
            return
        got = [(call.name, dict(call.input)) for call in outcome.sound().calls]
        assert got == [(name, arguments) for _, name, arguments in scenarios.PARALLEL_CALLS.calls]
        ids = [call.id for call in outcome.calls if call.id]
        assert len(ids) == len(set(ids)), "two calls have one id: no provider takes such a history"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_a_call_without_any_arguments_has_none(self, stream: bool) -> None:
        read = self.streamed if stream else self.whole
        (call,) = (await read(scenarios.NO_ARGUMENTS_AT_ALL)).calls
        assert (call.name, dict(call.input)) == ("look", {})

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_usage_that_is_not_told_is_unknown_and_not_zero(self, stream: bool) -> None:
        read = self.streamed if stream else self.whole
        finish = (await read(replace(scenarios.ANSWER, usage=None))).finish
        assert finish is not None
        assert finish.usage is None or finish.usage.unknown == 1, f"the provider did not tell {finish.usage}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_cached_and_reasoning_tokens_are_counted_within_the_whole(self, stream: bool) -> None:
        read = self.streamed if stream else self.whole
        finish = (await read(scenarios.DETAILED)).finish
        told = scenarios.DETAILED.usage
        assert told is not None
        assert finish is not None
        assert finish.usage is not None
        got: Usage = finish.usage
        assert (got.input_tokens, got.output_tokens) == (told.input_tokens, told.output_tokens)
        assert got.cached_tokens in (0, told.cached_tokens)
        assert got.reasoning_tokens in (0, told.reasoning_tokens)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("reason", ["length", "content_filter"])
    @pytest.mark.parametrize(
        "scenario", [scenarios.ONE_CALL, scenarios.BROKEN_ARGUMENTS], ids=lambda scenario: scenario.name
    )
    async def test_an_answer_that_was_cut_short_says_so_even_with_calls(
        self, scenario: Scenario, reason: FinishReason
    ) -> None:
        self._needs_reason(reason)
        self._needs_text_arguments(scenario)
        outcome = await self._maybe(replace(scenario, finish_reason=reason))
        if outcome.finish is not None:
            assert outcome.finish.reason == reason, "the kernel would run the calls of this answer"

    @pytest.mark.asyncio
    async def test_a_finish_reason_that_nobody_knows_is_other(self) -> None:
        self._needs_reason("other")
        finish = (await self.streamed(replace(scenarios.ANSWER, finish_reason="other"))).finish
        assert finish is not None
        assert finish.reason == "other"

    @pytest.mark.asyncio
    async def test_arguments_that_break_off_are_never_repaired(self) -> None:
        self._needs_text_arguments(scenarios.BROKEN_ARGUMENTS)
        for call in (await self._maybe(scenarios.BROKEN_ARGUMENTS)).calls:
            assert dict(call.input) == {}, f"{call.raw_input!r} was made into {dict(call.input)!r}"
            assert call.raw_input == '{"kind": "gre', "the text that the model wrote is not kept"

    @pytest.mark.asyncio
    async def test_streams_at_the_same_time_keep_their_own_answers(self) -> None:
        def respond(request: Request) -> Script:
            number = next(n for n in range(5) if f"question {n}" in request.body.decode())
            pieces = [TextChunk(f"answer {number}, piece {piece}; ") for piece in range(5)]
            payloads = self.replies.payloads(replace(scenarios.ANSWER, chunks=tuple(pieces)))
            return self.replies.stream(*[part for one in payloads for part in (self.wire.encode(one), *GAP)])

        async with self.peer(respond) as peer:
            asked = [peer.ask(peer.request(f"question {number}")) for number in range(5)]
            outcomes = await asyncio.gather(*asked)
        for number, outcome in enumerate(outcomes):
            assert outcome.sound().text == "".join([f"answer {number}, piece {piece}; " for piece in range(5)])

    @pytest.mark.asyncio
    async def test_the_finish_names_the_reason_and_comes_last(self) -> None:
        for reason in sorted(self.wire.finish_reasons - {"tool_calls", "other"}):
            outcome = await self.streamed(replace(scenarios.ANSWER, finish_reason=reason))
            assert isinstance(outcome.chunks[-1], Finish)
            assert outcome.chunks[-1].reason == reason

    async def streamed(self, scenario: Scenario) -> Outcome:
        """Return the outcome of a sound answer that is streamed."""
        async with self.peer(self.replies.answer(scenario), needs={*scenario.needs, "streaming"}) as peer:
            return (await peer.ask()).sound()

    async def whole(self, scenario: Scenario) -> Outcome:
        """Return the outcome of a sound answer that is not streamed."""
        async with self.peer(self.replies.whole(scenario), needs=scenario.needs, stream=False) as peer:
            return (await peer.ask()).sound()

    async def _maybe(self, scenario: Scenario) -> Outcome:
        """Return the outcome of an answer that may also be refused, as an ``InvalidResponse``."""
        async with self.peer(self.replies.answer(scenario), needs=scenario.needs) as peer:
            outcome = await peer.ask()
        return outcome.sound() if not isinstance(outcome.error, InvalidResponse) else outcome

    async def _answer_of(self, *parts: Part) -> list[tuple[object, ...]]:
        async with self.peer(self.replies.stream(*parts)) as peer:
            return facts((await peer.ask()).sound().blocks)

    def _needs_reason(self, reason: FinishReason) -> None:
        if reason not in self.wire.finish_reasons:
            pytest.skip(f"not applicable: the protocol has no finish reason {reason}")

    def _needs_text_arguments(self, scenario: Scenario) -> None:
        if scenario is scenarios.BROKEN_ARGUMENTS and not self.wire.text_arguments:
            pytest.skip("not applicable: arguments do not travel as text")
