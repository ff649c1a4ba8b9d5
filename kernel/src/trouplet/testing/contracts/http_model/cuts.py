"""Checks of answers that break off: at any byte, by a clean end, a reset or a stall."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from trouplet.errors import ConnectionFailed, DeadlineExceeded, InvalidResponse, StreamInterrupted
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.replies import GAP
from trouplet.testing.contracts.http_model.stand import HTTPStand, Outcome, facts
from trouplet.testing.contracts.wire import as_bytes
from trouplet.testing.fault_server import RESET, STALL, head, response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.testing.contracts.http_model.stand import Peer
    from trouplet.testing.contracts.scenarios import Scenario
    from trouplet.testing.fault_server import Fault, Request, Script

_SAMPLE = 24
_AT_ONCE = 64
_RANGES = ["a sample", pytest.param("every byte", marks=pytest.mark.battery)]


class CutChecks(HTTPStand):
    """What becomes of answers that break off. ``recorded`` is the answer that is cut."""

    recorded: ClassVar[Scenario] = scenarios.EVERYTHING

    @pytest.mark.asyncio
    async def test_a_stream_without_its_last_words_is_interrupted(self) -> None:
        cut = replace(self._recorded(await self._capabilities()), end="cut")
        async with self.peer(self.replies.answer(cut)) as peer:
            outcome = await peer.ask()
        error = outcome.failed()
        assert isinstance(error, StreamInterrupted), f"{error!r} is no StreamInterrupted"
        assert error.partial == cut.text, "the error does not carry the text so far"

    @pytest.mark.asyncio
    async def test_a_clean_end_at_any_byte_is_no_answer(self) -> None:
        await self._cut_everywhere((), every_byte=True)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("where", _RANGES)
    async def test_a_reset_at_any_byte_is_no_answer(self, where: str) -> None:
        await self._cut_everywhere((*GAP, RESET), every_byte=where == "every byte")

    @pytest.mark.asyncio
    @pytest.mark.parametrize("where", _RANGES)
    async def test_a_stall_at_any_byte_is_no_answer_and_ends(self, where: str) -> None:
        await self._cut_everywhere((STALL,), every_byte=where == "every byte", idle_timeout=0.3)

    @pytest.mark.asyncio
    async def test_a_whole_answer_that_breaks_off_is_an_error(self) -> None:
        body = as_bytes(self.wire.whole(scenarios.ANSWER))
        start = response(body)[: -len(body)]
        for ends in (body[:0], body[: len(body) // 2], body[:-1]):
            async with self.peer(start + ends, stream=False) as peer:
                (await peer.ask()).failed()

    @pytest.mark.asyncio
    async def test_an_answer_that_is_cut_before_its_head_is_an_error(self) -> None:
        start = head(200, {"content-type": self.wire.content_type})
        for ends in (b"", start[:7], start[:-2]):
            async with self.peer((ends, RESET)) as peer:
                (await peer.ask()).failed()

    async def _cut_everywhere(
        self, ending: Sequence[float | Fault], *, every_byte: bool, idle_timeout: float | None = None
    ) -> None:
        recorded = self._recorded(await self._capabilities())
        body = self.replies.encoded(self.replies.payloads(recorded))
        offsets = list(range(len(body)) if every_byte else range(0, len(body), max(1, len(body) // _SAMPLE)))

        def respond(request: Request) -> Script:
            offset = next(number for number in _numbers(request) if number < len(body))
            return self.replies.stream(body[:offset], *ending)

        more: dict[str, Any] = {} if idle_timeout is None else {"idle_timeout": idle_timeout}
        async with self.peer(respond, **more) as peer:
            for group in _groups(offsets, _AT_ONCE):
                outcomes = await asyncio.gather(*[_ask_at(peer, offset) for offset in group])
                for offset, outcome in zip(group, outcomes, strict=True):
                    try:
                        self._check_cut(outcome, offset, recorded)
                    except AssertionError as error:
                        sent = body[max(0, offset - 40) : offset]
                        pytest.fail(f"cut after {offset} of {len(body)} bytes, which end {sent!r}: {error}")
            await peer.idle()

    def _check_cut(self, outcome: Outcome, offset: int, recorded: Scenario) -> None:
        if offset >= self.replies.complete_at(recorded) and outcome.error is None:
            assert [fact[0] for fact in facts(outcome.sound().blocks)] == [part.kind for part in recorded.parts]
            assert outcome.text == recorded.text
            return
        error = outcome.failed()
        assert isinstance(error, (StreamInterrupted, ConnectionFailed, DeadlineExceeded)), f"{error!r}"
        assert not isinstance(error, InvalidResponse), f"{error!r}"
        assert error.partial == outcome.text, f"the error says {error.partial!r}, the chunks {outcome.text!r}"
        assert recorded.text.startswith(outcome.text), f"{outcome.text!r} was never sent"

    async def _capabilities(self) -> frozenset[str]:
        async with self.model("http://127.0.0.1:9") as model:
            return frozenset(model.info.capabilities)

    def _recorded(self, capabilities: Iterable[str]) -> Scenario:
        """Return the richest answer that the model is capable of."""
        able = frozenset(capabilities)
        choice = (self.recorded, scenarios.PARALLEL_CALLS, scenarios.ONE_CALL, scenarios.ANSWER)
        return next(scenario for scenario in choice if scenario.needs <= able)


async def _ask_at(peer: Peer, offset: int) -> Outcome:
    return await peer.ask(peer.request(f"Cut at [{offset}]."))


def _numbers(request: Request) -> list[int]:
    import re

    return [int(number) for number in re.findall(rb"Cut at \[(\d+)\]", request.body)]


def _groups(offsets: Sequence[int], size: int) -> list[Sequence[int]]:
    return [offsets[start : start + size] for start in range(0, len(offsets), size)]
