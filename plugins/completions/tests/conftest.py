"""A provider "acme" on loopback that answers with what it is given, and its model."""

import json
from contextlib import aclosing

import pytest

from trouplet.messages import Msg
from trouplet.model_io import CAPABILITIES, Finish, ModelInfo, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.fault_server import READ, FaultServer, head, response
from trouplet_completions import ChatCompletionsModel, Dialect, chat_options
from trouplet_http import RetryPolicy

SETTINGS = ("api_key", "base_url", "headers", "stream", "idle_timeout")


class Acme:
    """Gives its answers in order, the last one for ever: bytes are streamed, a dict is whole, a tuple is a script."""

    def __init__(self):
        self._answers = []

    def answers(self, *answers, status=200):
        self._answers = [self._script(answer, status) for answer in answers]

    def respond(self, request):
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def bodies(self):
        return [json.loads(request.body) for request in self.server.requests]

    def _script(self, answer, status):
        if isinstance(answer, dict):
            return response(json.dumps(answer).encode(), status=status), READ
        return head(200, {"content-type": "text/event-stream"}) + answer if isinstance(answer, bytes) else answer


@pytest.fixture
async def acme():
    acme = Acme()
    async with FaultServer(respond=acme.respond) as acme.server:
        yield acme


@pytest.fixture
async def model(acme):
    """Makes models that talk to acme and do not retry."""
    made = []

    def make(*, dialect=None, **fields):
        settings = {name: fields.pop(name) for name in SETTINGS if name in fields}
        info = ModelInfo("acme", "m", CAPABILITIES)
        usual = {"base_url": f"{acme.server.url}/v1", "retry": RetryPolicy(max_retries=0), "options": fields}
        made.append(ChatCompletionsModel(info, dialect or Dialect(chat_options()), **{**usual, **settings}))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def sse():
    """Bytes of a stream: one event per object or text."""

    def stream(*events):
        texts = [event if isinstance(event, str) else json.dumps(event, ensure_ascii=False) for event in events]
        return "".join([f"data: {text}\n\n" for text in texts]).encode()

    return stream


@pytest.fixture
def delta():
    """One event of a stream: ``delta(content="Hi")``, ``delta("stop")``."""

    def event(finish=None, **fields):
        choice = {"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice]}

    return event


@pytest.fixture
def ask():
    """Sends one request and returns the chunks."""

    async def collect(model, text="Hello", **fields):
        request = ModelRequest(fields.pop("messages", [Msg("user", text)]), **fields)
        async with aclosing(model.stream(request)) as chunks:
            return [chunk async for chunk in chunks]

    return collect


@pytest.fixture
def fold():
    """Folds chunks that end with exactly one ``Finish`` into a response."""

    def fold(chunks):
        assert [type(chunk) for chunk in chunks].count(Finish) == 1
        builder = ResponseBuilder()
        for chunk in chunks:
            builder.add(chunk)
        return builder.response()

    return fold


@pytest.fixture
def streamed(acme, model, ask, fold, sse):
    """Lets acme stream these events and returns the response that they make."""

    async def get(*events, options=None, **fields):
        acme.answers(sse(*events))
        return fold(await ask(model(**(options or {})), **fields))

    return get
