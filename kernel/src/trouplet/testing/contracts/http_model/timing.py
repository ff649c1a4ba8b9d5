"""Checks of time: idle streams, slow heads, deadlines, cancellation. Nothing hangs, and nothing stays open."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from trouplet.errors import DeadlineExceeded
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.stand import HTTPStand, Outcome
from trouplet.testing.fault_server import STALL, chunk, head
from trouplet.testing.leaks import LeakCheck

if TYPE_CHECKING:
    from trouplet.testing.contracts.http_model.stand import Peer
    from trouplet.testing.fault_server import Part, Script

_IDLE = 0.4


class TimingChecks(HTTPStand):
    """What becomes of calls that take too long, and of those that nobody waits for."""

    @pytest.mark.asyncio
    async def test_keep_alives_do_not_keep_a_stream_alive(self) -> None:
        if self.wire.keep_alive is None:
            pytest.skip("not applicable: the protocol has no keep-alives")
        beat = self.replies.endless(self._begun(), [self.wire.keep_alive, _IDLE / 20])
        outcome = await self._timed_out(beat, idle_timeout=_IDLE)
        assert outcome.text == scenarios.ANSWER.text

    @pytest.mark.asyncio
    async def test_single_bytes_do_not_keep_a_stream_alive(self) -> None:
        drip = self.replies.endless(self._begun(), [b" ", _IDLE / 20])
        await self._timed_out(drip, idle_timeout=_IDLE)

    @pytest.mark.asyncio
    async def test_a_stalled_stream_ends_with_the_text_so_far(self) -> None:
        outcome = await self._timed_out(self.replies.stream(self._begun(), STALL), idle_timeout=_IDLE)
        assert outcome.error is not None
        assert outcome.error.partial == outcome.text == scenarios.ANSWER.text

    @pytest.mark.asyncio
    @pytest.mark.parametrize("sent", [0, 9], ids=["no byte", "half of it"])
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_a_head_that_never_comes_is_waited_for_until_the_deadline(self, stream: bool, sent: int) -> None:
        start = head(200, {"content-type": self.wire.content_type})[:sent]
        await self._timed_out((start, STALL), deadline=_IDLE, stream=stream)

    @pytest.mark.asyncio
    async def test_the_deadline_ends_a_stream_that_goes_on(self) -> None:
        pieces = [self.wire.encode(payload) for payload in self.wire.pieces(scenarios.ANSWER)]
        paused: list[Part] = [part for piece in pieces for part in (piece, _IDLE / 20)]
        begun = self.replies.encoded(self.wire.opening(scenarios.ANSWER))
        await self._timed_out(self.replies.endless(begun, paused * 3), deadline=_IDLE)

    @pytest.mark.asyncio
    async def test_the_deadline_of_a_request_counts(self) -> None:
        async with self.peer((b"", STALL)) as peer:
            outcome = await peer.ask(peer.request(deadline=_IDLE))
            assert isinstance(outcome.failed(), DeadlineExceeded)
            await peer.idle()

    @pytest.mark.asyncio
    async def test_the_deadline_covers_the_retries(self) -> None:
        async with self.peer(self.replies.refusal(503), max_retries=1000, first_wait=0.05, deadline=_IDLE) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, DeadlineExceeded), f"{error!r} instead of DeadlineExceeded"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("when", ["before the head", "after the head", "in the middle"])
    async def test_a_cancelled_call_lets_go_and_leaves_nothing(self, when: str) -> None:
        async with LeakCheck(grace=self.patience), self.peer(self._stalled(when)) as peer:
            await self._cancel(peer, once_it_gives=when == "in the middle")
            await peer.idle()

    @pytest.mark.asyncio
    async def test_a_call_cancelled_between_two_attempts_sends_no_more(self) -> None:
        async with self.peer(self.replies.refusal(503, retry_after=3), max_retries=5) as peer:
            await self._cancel(peer, once_it_gives=False)
            assert len(peer.server.requests) == 1

    @pytest.mark.asyncio
    async def test_a_stream_that_is_never_read_sends_nothing(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            await peer.model.stream(peer.request()).aclose()
        assert peer.server.requests == []

    async def _timed_out(self, reply: Script, **options: Any) -> Outcome:
        async with self.peer(reply, **options) as peer:
            outcome = await peer.ask()
            error = outcome.failed()
            assert isinstance(error, DeadlineExceeded), f"{error!r} is no DeadlineExceeded"
            await peer.idle()
        return outcome

    def _begun(self) -> bytes:
        return self.replies.encoded(self.replies.begun(scenarios.ANSWER))

    def _stalled(self, when: str) -> Script:
        start = head(200, {"content-type": self.wire.content_type, "transfer-encoding": "chunked"})
        match when:
            case "before the head":
                return (b"", STALL)
            case "after the head":
                return (start, STALL)
            case _:
                return (start + chunk(self._begun()), STALL)

    async def _cancel(self, peer: Peer, *, once_it_gives: bool) -> None:
        """Cancel a call when its request has arrived, or when its first chunk has."""
        given = asyncio.Event()

        async def read() -> None:
            async with aclosing(peer.model.stream(peer.request())) as chunks:
                async for _ in chunks:
                    given.set()

        task = asyncio.create_task(read())
        async with asyncio.timeout(self.patience):
            while not peer.server.requests:  # noqa: ASYNC110  # the server is only asked, it does not tell
                await asyncio.sleep(0.005)
            if once_it_gives:
                await given.wait()
        task.cancel()
        await asyncio.wait({task}, timeout=self.patience)
        assert task.cancelled(), "the cancellation was swallowed"
