"""Checks of answers that are none: garbage, pages, errors with status 200, errors in the middle of a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet.model_io import TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.stand import HTTPStand, Outcome
from trouplet.testing.contracts.spoiling import spoilt_forms
from trouplet.testing.fault_server import READ, response

if TYPE_CHECKING:
    from trouplet.testing.fault_server import Script

_PAGE = b"<!doctype html><html><body><h1>Sign in to the hotel's network</h1></body></html>"


class FaultChecks(HTTPStand):
    """What becomes of answers that are none."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("garbage", ['{"broken', "not JSON", "[1, 2", '{"a": NaN}x', "\x00"])
    async def test_garbage_in_a_stream_is_an_invalid_response(self, garbage: str) -> None:
        begun = self.replies.encoded(self.replies.begun(scenarios.ANSWER))
        rest = self.replies.encoded(self.wire.closing(scenarios.ANSWER))
        async with self.peer(self.replies.stream(begun + self.wire.encode(garbage) + rest)) as peer:
            outcome = await peer.ask()
        error = outcome.failed()
        assert isinstance(error, InvalidResponse), f"{garbage!r} gives {error!r}"
        assert error.partial == scenarios.ANSWER.text, "the error does not carry the text so far"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("value", ["[]", "17", '"text"', "null", "true"])
    async def test_json_that_is_no_object_is_no_answer(self, value: str) -> None:
        async with self.peer(self.replies.stream(self.wire.encode(value))) as peer:
            (await peer.ask()).failed()
        async with self.peer(_json(value.encode()), stream=False) as peer:
            assert isinstance((await peer.ask()).failed(), InvalidResponse)

    @pytest.mark.asyncio
    async def test_wrong_types_in_a_stream_are_never_an_untyped_error(self) -> None:
        async with self.model("http://127.0.0.1:9") as model:
            scenario = next(
                one
                for one in (scenarios.EVERYTHING, scenarios.ONE_CALL, scenarios.ANSWER)
                if one.needs <= model.info.capabilities
            )
        payloads = self.replies.payloads(scenario)
        for number, payload in enumerate(payloads):
            for path, spoilt in spoilt_forms(payload):
                body = self.replies.encoded([*payloads[:number], spoilt, *payloads[number + 1 :]])
                await self._survives(self.replies.stream(body), f"payload {number} with a wrong {path}", stream=True)

    @pytest.mark.asyncio
    async def test_wrong_types_in_a_whole_answer_are_never_an_untyped_error(self) -> None:
        for path, spoilt in spoilt_forms(self.wire.whole(scenarios.ANSWER)):
            await self._survives(_json(json.dumps(spoilt).encode()), f"an answer with a wrong {path}", stream=False)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    @pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=utf-8", "application/json", "its own", ""])
    async def test_a_page_with_status_200_is_no_answer(self, kind: str, stream: bool) -> None:
        content_type = self.wire.content_type if kind == "its own" else kind
        reply = response(_PAGE, content_type=content_type)
        async with self.peer((reply, READ), stream=stream) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, (InvalidResponse, StreamInterrupted)), f"{error!r}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_nothing_with_status_200_is_no_answer(self, stream: bool) -> None:
        kind = self.wire.content_type if stream else "application/json"
        async with self.peer((response(b"", content_type=kind), READ), stream=stream) as peer:
            error = (await peer.ask()).failed()
        assert isinstance(error, (InvalidResponse, StreamInterrupted)), f"{error!r}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_an_error_with_status_200_is_raised(self, stream: bool) -> None:
        body = json.dumps(self.wire.refusal(500, "The kitchen is on fire.")).encode()
        async with self.peer(_json(body), stream=stream) as peer:
            error = (await peer.ask()).failed()
        assert "The kitchen is on fire." in str(error), f"the provider's reason is lost: {error}"

    @pytest.mark.asyncio
    async def test_an_error_in_the_middle_of_a_stream_keeps_the_text(self) -> None:
        failure = self.wire.failure("The kitchen is on fire.")
        if failure is None:
            pytest.skip("not applicable: the protocol has no errors in a stream")
        begun = self.replies.encoded([*self.replies.begun(scenarios.ANSWER), failure])
        async with self.peer(self.replies.stream(begun)) as peer:
            outcome = await peer.ask()
        error = outcome.failed()
        assert "The kitchen is on fire." in str(error), f"the provider's reason is lost: {error}"
        assert error.partial == outcome.text == scenarios.ANSWER.text, "the text so far is lost"

    @pytest.mark.asyncio
    async def test_an_error_after_calls_is_no_finish(self) -> None:
        failure = self.wire.failure("The kitchen is on fire.")
        if failure is None:
            pytest.skip("not applicable: the protocol has no errors in a stream")
        body = self.replies.encoded([*self.replies.begun(scenarios.ONE_CALL), failure])
        async with self.peer(self.replies.stream(body), needs=scenarios.ONE_CALL.needs) as peer:
            (await peer.ask()).failed()

    async def _survives(self, reply: Script, what: str, *, stream: bool) -> None:
        """Check that an answer, however spoilt, is either refused with a ``ModelError`` or taken as far as it goes."""
        async with self.peer(reply, stream=stream) as peer:
            try:
                outcome = await peer.ask()
            except Exception as error:  # what is checked here is that nothing but a ModelError comes out
                pytest.fail(f"{what} raises {error!r}, which is no ModelError")
        assert isinstance(outcome.error, ModelError) or outcome.finish is not None, f"{what}: neither error nor Finish"
        _check_types(outcome, what)


def _json(body: bytes) -> Script:
    return response(body), READ


def _check_types(outcome: Outcome, what: str) -> None:
    """Check that no chunk took over a value of a wrong type."""
    for chunk in outcome.chunks:
        match chunk:
            case TextChunk(text=text) | ThinkingChunk(text=text):
                values: list[object] = [text]
            case ToolCallChunk(arguments=arguments, id=id, name=name):
                values = [arguments, id or "", name or ""]
            case _:
                values = []
        assert all([isinstance(value, str) for value in values]), f"{what} made {chunk!r}"
