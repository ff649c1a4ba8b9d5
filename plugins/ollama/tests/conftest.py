"""A peer on loopback that keeps Ollama's rules, the vendor's SDK in an environment of its own, and aimock."""

import json
from contextlib import aclosing

import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelInfo, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.fault_server import READ, FaultServer, head, response
from trouplet.testing.request_rules import violations
from trouplet_http import RetryPolicy
from trouplet_ollama import OllamaChatModel

SDK = "ollama==0.6.3"
CAPABILITIES = frozenset(("tools", "parallel_tools", "json_schema", "vision", "thinking", "streaming", "system"))


class Peer:
    """Gives its answers in order, the last one for ever: a list is streamed, a dict is a whole answer."""

    def __init__(self):
        self.requests = []
        self._answers = []
        self.url = ""

    def answers(self, *answers, status=200):
        self._answers = [self._encoded(answer, status) for answer in answers]

    def respond(self, request):
        self.requests.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def bodies(self):
        return [json.loads(request.body) for request in self.requests]

    @property
    def body(self):
        """The only request, which Ollama would have accepted."""
        (body,) = self.bodies
        assert violations("ollama", body) == []
        return body

    def _encoded(self, answer, status):
        if isinstance(answer, bytes):
            return head(200, {"content-type": "application/x-ndjson"}) + answer
        if isinstance(answer, dict):
            return response(json.dumps(answer).encode(), status=status), READ
        lines = "".join([json.dumps(line, ensure_ascii=False) + "\n" for line in answer])
        return head(200, {"content-type": "application/x-ndjson"}) + lines.encode()


@pytest.fixture
async def peer():
    peer = Peer()
    async with FaultServer(respond=peer.respond) as server:
        peer.url = server.url
        yield peer


@pytest.fixture
def line():
    """One object of a stream: ``line(content="Hi")``, ``line(done=True, done_reason="stop")``."""

    def make(*, done=False, content="", thinking=None, tool_calls=None, **fields):
        message = {"role": "assistant", "content": content}
        message |= {"thinking": thinking} if thinking else {}
        message |= {"tool_calls": tool_calls} if tool_calls else {}
        return {"model": "m", "created_at": "2026-11-22T12:00:00Z", "message": message, "done": done, **fields}

    return make


@pytest.fixture
def end(line):
    """The last object of a stream."""
    return line(done=True, done_reason="stop", prompt_eval_count=12, eval_count=6, total_duration=1_000)


@pytest.fixture
async def model(peer):
    """Makes models that talk to the peer and do not retry."""
    made = []

    def make(name="m", **options):
        usual = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0)}
        usual["info"] = ModelInfo("ollama", name, CAPABILITIES)
        made.append(OllamaChatModel(name, **{**usual, **options}))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


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


@pytest.fixture(scope="session")
def sdk(vendor_sdk):
    """Runs a script with the vendor's SDK: JSON in on its standard input, JSON out."""
    return vendor_sdk(SDK)
