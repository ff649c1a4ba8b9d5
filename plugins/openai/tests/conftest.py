"""OpenAI on loopback, and the judgement of the vendor's own SDK."""

import json
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.fault_server import READ, FaultServer, event_stream, response

SDK = "openai==3.54.0"


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
    def paths(self):
        return [request.path for request in self.requests]

    def _encoded(self, answer, status):
        if isinstance(answer, dict):
            return response(json.dumps(answer).encode(), status=status), READ
        return event_stream(*[json.dumps(event) for event in answer]), READ


@pytest.fixture
async def peer():
    peer = Peer()
    async with FaultServer(respond=peer.respond) as server:
        peer.url = f"{server.url}/v1"
        yield peer


@pytest.fixture
def completion():
    """The stream of a chat completion that says "Hi"."""
    return [{"id": "c-1", "model": "m-1", "choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}]


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
def sdk(vendor_sdk, installed):
    """Asks the types of OpenAI's SDK: ``sdk("chat", body)`` returns their complaints; see ``sdk_check.py``."""
    vendor_sdk(SDK)  # one process answers all questions, since it takes a second to start
    python = installed(SDK.replace("==", "-"), lambda folder: None) / "bin" / "python"
    script = Path(__file__).with_name("sdk_check.py")
    with subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(kind, value):
            process.stdin.write(json.dumps([kind, value]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, "the SDK's process has ended"
            return json.loads(answer)

        yield ask
        process.stdin.close()
