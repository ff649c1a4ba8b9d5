"""Checks of histories: every shape that a conversation takes is sent as the provider accepts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ModelRequest
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.requests import leaves
from trouplet.testing.contracts.http_model.stand import HTTPStand
from trouplet.testing.contracts.model import TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.messages import ContentBlock
    from trouplet.testing.contracts.http_model.stand import Peer

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_IMAGE = ImageBlock(Base64Source("image/png", _PIXEL))
_SYSTEM = Msg("system", "You make tea.", "system")
_ASKED = Msg("Ann", "Is there water? 茶")
_ANSWERED = Msg("Friday", "There is a full kettle.", "assistant")
_CALLS = Msg(
    "Friday",
    [
        ThinkingBlock("Both can be done at once."),
        TextBlock("A moment."),
        ToolUseBlock("call_1", "look", {}),
        ToolUseBlock("call_2", "brew", {"kind": "green", "minutes": 3}, '{"kind": "green", "minutes": 3}'),
    ],
    "assistant",
)
_RESULTS = Msg(
    "Friday",
    [
        ToolResultBlock("call_1", "look", (TextBlock("One clean cup."),)),
        ToolResultBlock("call_2", "brew", (TextBlock("The stove is off."),), "error"),
    ],
    "tool",
)
_BROKEN = [
    Msg("Friday", ToolUseBlock("call_3", "brew", {}, '{"kind": '), "assistant"),
    Msg("Friday", ToolResultBlock("call_3", "brew", (TextBlock("No valid JSON."),), "error"), "tool"),
]
_SHOWN = [
    Msg("Friday", [ToolUseBlock("call_4", "look", {}), ToolUseBlock("call_5", "look", {})], "assistant"),
    Msg(
        "Friday",
        [
            ToolResultBlock("call_4", "look", (TextBlock("A picture:"), _IMAGE)),
            ToolResultBlock("call_5", "look", (TextBlock("Another cup."),)),
        ],
        "tool",
    ),
]
_STOPPED = [
    Msg("Friday", [TextBlock("Let me"), ToolUseBlock("call_6", "look", {})], "assistant"),
    Msg("Friday", ToolResultBlock("call_6", "look", (TextBlock("Interrupted."),), "interrupted"), "tool"),
    Msg("Friday", "I was interrupted.", "assistant"),
]
_HISTORIES: dict[str, list[Msg]] = {
    "one question": [_ASKED],
    "a system prompt": [_SYSTEM, _ASKED],
    "a conversation": [_SYSTEM, _ASKED, _ANSWERED, Msg("Ann", "Then make tea.")],
    "parallel calls, one failed": [_SYSTEM, _ASKED, _CALLS, _RESULTS],
    "a turn after tool results": [_SYSTEM, _ASKED, _CALLS, _RESULTS, _ANSWERED, Msg("Ann", "Light the stove.")],
    "broken arguments": [_ASKED, *_BROKEN],
    "an interrupted turn": [_ASKED, *_STOPPED, Msg("Ann", "Go on.")],
    "two messages of one speaker": [_ASKED, Msg("Ann", "And cups?")],
    "a call and nothing else": [_ASKED, *_STOPPED[1:1], Msg("F", ToolUseBlock("call_7", "look", {}), "assistant"),
                                Msg("F", ToolResultBlock("call_7", "look", ()), "tool")],
    "an assistant that begins": [_SYSTEM, _ANSWERED, Msg("Ann", "Good.")],
    "blank text": [_ASKED, Msg("Friday", [TextBlock(""), TextBlock(" \n")], "assistant"), Msg("Ann", "Hello?")],
    "thinking alone": [_ASKED, Msg("Friday", ThinkingBlock("Hm."), "assistant"), Msg("Ann", "Hello?")],
}  # fmt: skip
_UNICODE = {
    "emoji": "🫖 👩\u200d🍳🇳🇴", "separators": "a\u2028b\u2029c\x85d", "right to left": "\u202eabc\u202c שלום",
    "a zero character": "a\x00b",
    "a lone surrogate": "a\ud83cb", "controls": "\x1b[31m\x07\r\n\t", "tags": "\U000e0041",
    "combining": "e\u0301", "a byte order mark": "\ufeffa",
}  # fmt: skip


class HistoryChecks(HTTPStand):
    """What becomes of histories. ``history_rules`` names the protocol whose rules the requests have to keep."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", _HISTORIES)
    async def test_every_history_is_sent_as_the_provider_accepts_it(self, name: str) -> None:
        history = _HISTORIES[name]
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            self._skip_unless_tools(peer, history)
            (await peer.ask(_request(peer, history))).sound()
        self._check(peer)
        sent = "\n".join([leaf for leaf in leaves(*peer.bodies) if isinstance(leaf, str)])
        for text in [text for msg in history if msg.role != "system" for text in _texts(msg)]:
            assert text in sent, f"{text!r} is not sent"

    @pytest.mark.asyncio
    async def test_media_in_the_results_of_parallel_calls_are_sent(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER), needs=("tools", "vision")) as peer:
            (await peer.ask(_request(peer, [_ASKED, *_SHOWN]))).sound()
        self._check(peer)
        assert _PIXEL in peer.server.requests[0].body.decode(), "the image in the result is not sent"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("kind", _UNICODE)
    async def test_any_text_is_sent_and_the_rest_is_as_it_was(self, kind: str) -> None:
        text = f"before {_UNICODE[kind]} after"
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            (await peer.ask(ModelRequest([Msg("Ann", text)]))).sound()
        self._check(peer)
        sent = [leaf for leaf in leaves(*peer.bodies) if isinstance(leaf, str)]
        kept = text.encode("utf-8", "replace").decode() if kind == "a lone surrogate" else text
        accepted = {kept, text.replace("\ud83c", "\ufffd")}
        assert any([form in leaf for leaf in sent for form in accepted]), f"{text!r} is not in {sent!r}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
    async def test_what_the_model_thought_goes_back_as_the_provider_wants_it(self, stream: bool) -> None:
        if not self.wire.signature:
            pytest.skip("not applicable: the protocol takes no thinking back")
        scenario = scenarios.EVERYTHING
        reply = self.replies.answer(scenario) if stream else self.replies.whole(scenario)
        async with self.peer(reply, needs=scenario.needs, stream=stream) as peer:
            blocks = (await peer.ask()).sound().blocks
            results: list[ContentBlock] = [
                ToolResultBlock(block.id, block.name, (TextBlock("Done."),))
                for block in blocks
                if isinstance(block, ToolUseBlock)
            ]
            answered = [Msg("Friday", blocks, "assistant"), Msg("Friday", results, "tool")]
            await peer.ask(_request(peer, [_ASKED, *answered]))
            await peer.ask(_request(peer, [_ASKED, *answered, _ANSWERED, Msg("Ann", "Thank you.")]))
        self._check(peer)
        assert self.wire.signature in list(leaves(peer.bodies[1])), "what the provider wants back is not sent back"

    @pytest.mark.asyncio
    async def test_the_thinking_of_another_provider_is_not_sent(self) -> None:
        foreign: list[ContentBlock] = [
            ThinkingBlock("Foreign thoughts.", {"elsewhere": {"signature": "foreign-mark"}}),
            TextBlock("Well."),
        ]
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            history = [_ASKED, Msg("Friday", foreign, "assistant"), Msg("Ann", "Go on.")]
            (await peer.ask(ModelRequest(history))).sound()
        self._check(peer)
        sent = json.dumps(peer.bodies)
        assert "foreign-mark" not in sent, "the signature of another provider is sent"
        assert "Foreign thoughts." not in sent, "the thinking of another provider is sent"
        assert "Well." in sent

    @pytest.mark.asyncio
    async def test_the_same_history_is_sent_the_same_way_again(self) -> None:
        history = _HISTORIES["a conversation"]
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            for _ in range(2):
                (await peer.ask(ModelRequest(history))).sound()
        first, second = peer.server.requests
        assert first.body == second.body, "the same history differs the second time: no cache will ever hit"

    def _check(self, peer: Peer) -> None:
        """Check the requests that arrived against the rules of the protocol."""
        if self.history_rules is None:
            return
        from trouplet.testing.request_rules import violations

        for body in peer.bodies:
            broken = violations(self.history_rules, body)
            lines = "".join([f"\n  {line}" for line in broken])
            assert not broken, f"{self.history_rules} would refuse the request:{lines}"

    def _skip_unless_tools(self, peer: Peer, history: Sequence[Msg]) -> None:
        if any([msg.blocks(ToolUseBlock) for msg in history]) and not peer.can("tools"):
            pytest.skip("not applicable: tools")


def _request(peer: Peer, history: Sequence[Msg]) -> ModelRequest:
    return ModelRequest(history, TOOLS if peer.can("tools") else ())


def _texts(msg: Msg) -> list[str]:
    texts = [block.text for block in msg.content if isinstance(block, (TextBlock, ToolResultBlock))]
    return [text for text in texts if text.strip()]
