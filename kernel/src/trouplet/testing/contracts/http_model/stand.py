"""A model of the author before a server of the suite, and what was seen on both sides."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import ModelError
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest, TextChunk
from trouplet.response import ResponseBuilder
from trouplet.testing.canary import Canaries
from trouplet.testing.contracts.closable import Closable
from trouplet.testing.contracts.http_model.replies import Replies
from trouplet.testing.contracts.model import TOOLS, ModelContract, Provider
from trouplet.testing.fault_server import FaultServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from trouplet.messages import ContentBlock
    from trouplet.model_io import Capability, Chunk
    from trouplet.ports import ChatModel
    from trouplet.testing.contracts.scenarios import Scenario
    from trouplet.testing.contracts.wire import Wire
    from trouplet.testing.fault_server import Request, Respond, Script

API_KEY = Canaries()["openai"]
"""The key that models are made with: a secret to search for. Its shape is a common one."""


@dataclass(slots=True)
class Outcome:
    """What came of one call: its chunks, and the error that ended it, if one did."""

    chunks: list[Chunk] = field(default_factory=list)
    error: ModelError | None = None

    @property
    def text(self) -> str:
        """The text that arrived."""
        return "".join([chunk.text for chunk in self.chunks if isinstance(chunk, TextChunk)])

    @property
    def finish(self) -> Finish | None:
        """The ``Finish``, if the answer claims to be complete."""
        return next((chunk for chunk in self.chunks if isinstance(chunk, Finish)), None)

    @property
    def blocks(self) -> tuple[ContentBlock, ...]:
        """The blocks that the chunks make."""
        builder = ResponseBuilder()
        for chunk in self.chunks:
            builder.add(chunk)
        return builder.blocks()

    @property
    def calls(self) -> list[ToolUseBlock]:
        """The tool calls."""
        return [block for block in self.blocks if isinstance(block, ToolUseBlock)]

    def sound(self) -> Outcome:
        """Return the outcome of an answer that has to be sound; fail otherwise."""
        assert self.error is None, f"a sound answer ended with {self.error!r}"
        finishes = [number for number, chunk in enumerate(self.chunks) if isinstance(chunk, Finish)]
        assert finishes == [len(self.chunks) - 1], "a sound answer ends with exactly one Finish"
        return self

    def failed(self) -> ModelError:
        """Return the error of an answer that must not seem complete; fail if there is none."""
        assert self.finish is None, "the answer claims to be complete: there is a Finish"
        assert self.error is not None, "the answer ended without an error"
        return self.error


@dataclass(slots=True)
class Peer:
    """A model and the server that it talks to. ``patience`` is when a call counts as hung."""

    model: ChatModel
    server: FaultServer
    patience: float

    @property
    def bodies(self) -> list[dict[str, object]]:
        """The JSON bodies of the requests that arrived."""
        return [json_body(request) for request in self.server.requests]

    def can(self, *capabilities: Capability) -> bool:
        """Tell whether the model says that it is capable of all of this."""
        return self.model.info.capabilities.issuperset(capabilities)

    async def ask(self, request: ModelRequest | None = None) -> Outcome:
        """Make one call and return what came of it; errors that are no ``ModelError`` are raised."""
        outcome = Outcome()
        clock = asyncio.timeout(self.patience)
        try:
            async with clock, aclosing(self.model.stream(request or self.request())) as chunks:
                async for chunk in chunks:
                    outcome.chunks.append(chunk)  # what comes before an error is kept
        except ModelError as error:
            outcome.error = error
        except TimeoutError:
            assert not clock.expired(), f"the call hangs: nothing came of it in {self.patience:g} s"
            raise
        return outcome

    def request(self, text: str = "Tea, please.", **fields: object) -> ModelRequest:
        """Return a request that offers tools to a model that can use them."""
        tools = TOOLS if self.can("tools") else ()
        return ModelRequest([Msg("user", text)], **{"tools": tools, **fields})  # type: ignore[arg-type]

    async def idle(self) -> None:
        """Wait until the model has let go of all requests."""
        await wait_until_idle(self.server, self.patience)


async def wait_until_idle(server: FaultServer, patience: float) -> None:
    """Wait until no request is being answered."""
    try:
        async with asyncio.timeout(patience):
            while server.in_flight:  # noqa: ASYNC110  # the server is only asked, it does not tell
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"{server.in_flight} connections are still open after {patience:g} s")


class HTTPStand(ModelContract):
    """What the checks of models behind HTTP have in common. Give ``wire``, and override ``make``.

    ``history_rules`` names the protocol whose rules every request has to keep (see ``trouplet.testing.request_rules``);
    None for a protocol that has none there.
    """

    wire: Wire
    history_rules: str | None = None

    def make(self, base_url: str, **options: object) -> ChatModel:
        """Return a model that talks to ``base_url``.

        The options are ``api_key``, ``stream``, ``max_retries`` and ``first_wait`` (of the retry policy),
        ``idle_timeout`` and ``deadline`` in seconds, and options of the model: ``temperature``, say.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no model")

    @property
    def replies(self) -> Replies:
        """The replies of the author's wire."""
        return Replies(self.wire)

    def serve(self, scenario: Scenario) -> AbstractAsyncContextManager[Provider]:
        """Return a model whose provider answers every call as the scenario says."""
        return self._serving(scenario)

    @asynccontextmanager
    async def _serving(self, scenario: Scenario) -> AsyncIterator[Provider]:
        async with self.peer(lambda request: self.replies.answer(scenario)) as peer:
            yield Provider(peer.model, lambda: peer.server.in_flight)

    @asynccontextmanager
    async def peer(
        self, *replies: Script | Respond, needs: Iterable[str] = (), base_url: str = "", **options: object
    ) -> AsyncIterator[Peer]:
        """Make a model and a server that gives these replies, one a request and the last one for ever.

        ``needs`` skips the check for a model that is not capable of it; ``base_url`` is the model's if it is not
        the server's.
        """
        async with (
            FaultServer(respond=in_order(replies)) as server,
            self.model(base_url or server.url, **options) as model,
        ):
            lacking = set(needs) - model.info.capabilities
            if lacking:
                pytest.skip(f"not applicable: {', '.join(sorted(lacking))}")
            yield Peer(model, server, self.patience)

    @asynccontextmanager
    async def model(self, base_url: str, **options: object) -> AsyncIterator[ChatModel]:
        """Make a model that is closed in the end. It does not retry unless it is told to."""
        usual: dict[str, object] = {
            "api_key": API_KEY, "stream": True, "max_retries": 0, "first_wait": 0.01, "idle_timeout": self.patience,
            "deadline": 3 * self.patience,
        }  # fmt: skip
        model = self.make(base_url, **{**usual, **options})
        try:
            yield model
        finally:
            if isinstance(model, Closable):
                await model.aclose()


def in_order(replies: tuple[Script | Respond, ...]) -> Respond:
    """Return what gives these replies, one a request and the last one for ever."""
    left = list(replies)

    def respond(request: Request) -> Script:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply(request) if callable(reply) else reply

    return respond


def json_body(request: Request) -> dict[str, object]:
    """Return the body of a request, which has to be a JSON object in UTF-8 without NaN."""

    def refuse(name: str) -> object:
        raise AssertionError(f"the request's body holds {name}, which is not JSON")

    body = json.loads(request.body.decode("utf-8"), parse_constant=refuse)
    assert isinstance(body, dict), "the body of a request is a JSON object"
    return body


def facts(blocks: Iterable[ContentBlock]) -> list[tuple[object, ...]]:
    """Return what an answer says, without what a provider adds to it."""
    made: list[tuple[object, ...]] = []
    for block in blocks:
        match block:
            case TextBlock(text=text):
                made.append(("text", text))
            case ThinkingBlock(thinking=thinking):
                made.append(("thinking", thinking))
            case ToolUseBlock(id=id, name=name):
                made.append(("call", id, name, dict(block.input)))
            case _:
                made.append((block.type,))
    return made
