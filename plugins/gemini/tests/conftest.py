"""A peer on loopback that keeps the rules of the Gemini API, Google's SDK in an environment of its own, and aimock."""

import json
from contextlib import aclosing

import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.fault_server import READ, FaultServer, head, response
from trouplet.testing.request_rules import violations
from trouplet_gemini import GeminiChatModel
from trouplet_http import RetryPolicy

SDK = "google-genai==3.4.0"


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
        """The only request, which the API would have accepted."""
        (body,) = self.bodies
        assert violations("gemini", body) == []
        return body

    def _encoded(self, answer, status):
        if isinstance(answer, dict):
            return response(json.dumps(answer).encode(), status=status), READ
        events = "".join([f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n" for event in answer])
        return head(200, {"content-type": "text/event-stream"}) + events.encode()


@pytest.fixture
async def peer():
    peer = Peer()
    async with FaultServer(respond=peer.respond) as server:
        peer.url = server.url
        yield peer


@pytest.fixture
def said():
    """One object of a stream, or a whole answer: ``said({"text": "Hi"}, finish="STOP")``."""

    def make(*parts, finish=None, **fields):
        candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
        candidate |= {"finishReason": finish} if finish else {}
        return {"candidates": [candidate], "modelVersion": "m-1", "responseId": "r-1", **fields}

    return make


@pytest.fixture
async def model(peer):
    """Makes models that talk to the peer and do not retry."""
    made = []

    def make(name="gemini-3.1-pro-preview", **options):
        usual = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0)}
        made.append(GeminiChatModel(name, **{**usual, **options}))
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
