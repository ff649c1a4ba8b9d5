"""Checks of what is sent: options, tools, choices, schemas, media."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

import pytest

from trouplet.errors import BadSetting
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock
from trouplet.model_io import ModelRequest
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.http_model.stand import HTTPStand, json_body
from trouplet.testing.contracts.model import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string"}, "stars_given": {"type": "integer"}},
    "required": ["verdict", "stars_given"],
    "additionalProperties": False,
}
_PIXEL = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
).decode()


class RequestChecks(HTTPStand):
    """What a model makes of a request."""

    @pytest.mark.asyncio
    async def test_the_common_options_are_sent(self) -> None:
        options = {"temperature": 0.25, "top_p": 0.5, "max_tokens": 4321, "stop": ["END"]}
        sent = list(leaves(await self.sent(**options)))
        for value in (0.25, 0.5, 4321, "END"):
            assert value in sent, f"{value!r} of {options} is not in the request"

    @pytest.mark.asyncio
    async def test_the_options_of_a_request_win(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER), temperature=0.25, max_tokens=4321) as peer:
            for options in ({"temperature": 0.75}, {"temperature": None}, {}):
                (await peer.ask(peer.request(options=options))).sound()
        own, taken_back, usual = [list(leaves(body)) for body in peer.bodies]
        assert 0.75 in own, "the option of the request is not sent"
        assert 0.25 not in own, "the option of the model is sent although the request has its own"
        assert 4321 in own, "an option of the model is lost because the request has others"
        assert 0.25 not in taken_back, "None does not take an option back"
        assert 0.25 in usual, "the option of one request has changed the model"

    @pytest.mark.asyncio
    async def test_one_stop_word_is_as_good_as_a_list(self) -> None:
        assert "END" in list(leaves(await self.sent(stop="END")))

    @pytest.mark.asyncio
    @pytest.mark.parametrize("thinking", [False, True, "low", "medium", "high", 2048])
    async def test_every_way_to_ask_for_thinking_is_understood(self, thinking: object) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER), needs=("thinking",)) as peer:
            (await peer.ask(peer.request(options={"thinking": thinking}))).sound()
            (await peer.ask(peer.request(options={"thinking": None}))).sound()

    @pytest.mark.asyncio
    async def test_a_wrong_way_to_ask_for_thinking_is_refused(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER), needs=("thinking",)) as peer:
            for thinking in ("much", -1, 0.5, ["high"]):
                with pytest.raises(BadSetting):
                    await peer.ask(peer.request(options={"thinking": thinking}))
        assert peer.server.requests == []

    @pytest.mark.asyncio
    async def test_an_option_that_does_not_exist_is_refused_before_anything_is_sent(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            with pytest.raises(BadSetting) as caught:
                await peer.ask(peer.request(options={"temperatur": 1}))
        assert "temperature" in str(caught.value), f"no hint at what was meant: {caught.value}"
        assert peer.server.requests == []
        with pytest.raises(BadSetting):
            async with self.model("http://127.0.0.1:9", temperatur=1):
                pass

    @pytest.mark.asyncio
    async def test_extra_fields_and_headers_are_sent_as_they_are(self) -> None:
        options = {"extra_body": {"made_up": {"deep": 99}}, "extra_headers": {"x-made-up": "yes"}}
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            (await peer.ask(peer.request(options=options))).sound()
            (await peer.ask()).sound()
        with_extra, without = peer.server.requests
        assert json_body(with_extra)["made_up"] == {"deep": 99}
        assert with_extra.headers.get("x-made-up") == "yes"
        assert "made_up" not in json_body(without)
        assert "x-made-up" not in without.headers

    @pytest.mark.asyncio
    async def test_tools_are_sent_with_all_that_the_model_has_to_know(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ONE_CALL), needs=("tools",)) as peer:
            (await peer.ask(peer.request(tools=TOOLS))).sound()
        sent = list(leaves(*peer.bodies))
        for tool in TOOLS:
            assert tool.name in sent, f"the tool {tool.name} is not sent"
            assert tool.description in sent, f"the description of {tool.name} is not sent"
        assert {"kind", "minutes", "what"} <= set(names(*peer.bodies)), "the parameters are not sent"

    @pytest.mark.asyncio
    @pytest.mark.parametrize("choice", ["auto", "none", "required", "fetch"])
    async def test_every_tool_choice_is_sent(self, choice: str) -> None:
        needs = ("tools",) if choice in ("auto", "none") else ("tools", "tool_choice")
        async with self.peer(self.replies.answer(scenarios.ONE_CALL), needs=needs) as peer:
            (await peer.ask(peer.request(tool_choice=choice))).sound()
            (await peer.ask(peer.request(tool_choice="auto"))).sound()
        chosen, free = peer.bodies
        if choice != "auto":
            assert chosen != free, f"tool_choice={choice!r} changes nothing in the request"

    @pytest.mark.asyncio
    async def test_the_choice_of_a_tool_that_is_not_there_is_refused(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ONE_CALL), needs=("tools", "tool_choice")) as peer:
            with pytest.raises(BadSetting):
                await peer.ask(peer.request(tool_choice="fetsh"))
        assert peer.server.requests == []

    @pytest.mark.asyncio
    async def test_a_schema_for_the_answer_is_sent(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER), needs=("json_schema",)) as peer:
            (await peer.ask(peer.request(tools=(), output_schema=_SCHEMA))).sound()
        assert {"verdict", "stars_given"} <= set(names(*peer.bodies)), "the schema is not in the request"

    @pytest.mark.asyncio
    async def test_an_image_is_sent(self) -> None:
        picture = ImageBlock(Base64Source("image/png", _PIXEL))
        history = [Msg("Ann", [TextBlock("What is this?"), picture])]
        async with self.peer(self.replies.answer(scenarios.ANSWER), needs=("vision",)) as peer:
            (await peer.ask(ModelRequest(history))).sound()
        assert _PIXEL in peer.server.requests[0].body.decode(), "the image is not in the request"

    @pytest.mark.asyncio
    async def test_a_request_with_everything_is_not_changed(self) -> None:
        async with self.peer(self.replies.answer(scenarios.ANSWER)) as peer:
            request = peer.request(options={"temperature": 0.25, "stop": ["END"], "extra_body": {"made_up": [1]}})
            before = copy.deepcopy(request)
            (await peer.ask(request)).sound()
            (await peer.ask(request)).sound()
        assert request == before, "the model has changed the request"
        assert [msg.content for msg in request.messages] == [msg.content for msg in before.messages]
        first, second = peer.bodies
        assert first == second, "the same request is sent differently the second time"

    async def sent(self, **options: Any) -> Mapping[str, object]:
        """Return the body of a request with these options, given to the model or to the request: it is the same."""
        bodies = []
        of_model: dict[str, Any]
        for of_model, of_request in ((options, {}), ({}, options)):
            async with self.peer(self.replies.answer(scenarios.ANSWER), **of_model) as peer:
                (await peer.ask(peer.request(options=of_request))).sound()
            bodies += peer.bodies
        assert bodies[0] == bodies[1], f"{options} are sent differently when the model has them and when a request does"
        return bodies[0]


def leaves(*values: object) -> Iterator[object]:
    """Yield everything in a body that is not a container."""
    for value in values:
        if isinstance(value, dict):
            yield from leaves(*value.values())
        elif isinstance(value, list):
            yield from leaves(*value)
        else:
            yield value


def names(*values: object) -> Iterator[str]:
    """Yield the names of all fields in a body."""
    for value in values:
        if isinstance(value, dict):
            yield from value
            yield from names(*value.values())
        elif isinstance(value, list):
            yield from names(*value)
