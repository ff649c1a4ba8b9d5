"""Anthropic's API as a script, the vendor's SDK in an environment of its own, and aimock."""

import json
from contextlib import aclosing

import httpx
import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.request_rules import violations
from trouplet_anthropic import AnthropicChatModel
from trouplet_http import RetryPolicy

SDK = "anthropic==2.12.0"


class Api:
    """Stands where api.anthropic.com stands; gives its answers in order, the last one for ever.

    A list is streamed as events, a dict is a whole answer.
    """

    def __init__(self):
        self.requests = []
        self._answers = []
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))

    def answers(self, *answers, status=200, headers=None):
        self._answers = [(answer, status, headers or {}) for answer in answers]

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]

    @property
    def body(self):
        """The only request, which the API would have accepted."""
        (body,) = self.bodies
        assert violations("anthropic", body) == []
        return body

    def _respond(self, request):
        self.requests.append(request)
        answer, status, headers = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, dict):
            return httpx.Response(status, json=answer, headers=headers)
        text = "".join([f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in answer])
        return httpx.Response(status, content=text, headers={"content-type": "text/event-stream", **headers})


@pytest.fixture
async def api():
    api = Api()
    async with api.client:
        yield api


@pytest.fixture
def said():
    """The events of an answer: ``said("Hi")``, ``said(block, block, stop="tool_use")``; a block is (start, *deltas)."""

    def make(*content, stop="end_turn", usage=None, **more):
        usage = usage or {"input_tokens": 12, "output_tokens": 6}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
        yield {"type": "message_start", "message": {**message, "usage": usage | {"output_tokens": 1}}}
        for index, block in enumerate(content):
            start, *deltas = ({"type": "text", "text": ""}, text(block)) if isinstance(block, str) else block
            yield {"type": "content_block_start", "index": index, "content_block": start}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        ended = {"stop_reason": stop, "stop_sequence": None}
        yield {"type": "message_delta", "delta": {**ended, **more}, "usage": usage}
        yield {"type": "message_stop"}

    def text(piece):
        return {"type": "text_delta", "text": piece}

    return lambda *content, **fields: list(make(*content, **fields))


@pytest.fixture
def thought():
    """A block of thinking: ``thought("Hm.", "signature")``."""

    def make(text, signature):
        deltas = [{"type": "thinking_delta", "thinking": text}] if text else []
        signed = {"type": "signature_delta", "signature": signature}
        return {"type": "thinking", "thinking": "", "signature": ""}, *deltas, signed

    return make


@pytest.fixture
def called():
    """A block that calls a tool: ``called("look", at="a")``."""

    def make(name, id="toolu_1", **arguments):
        start = {"type": "tool_use", "id": id, "name": name, "input": {}}
        return start, {"type": "input_json_delta", "partial_json": json.dumps(arguments)}

    return make


@pytest.fixture
def model(api):
    """Makes models that talk to the API and do not retry."""

    def make(name="claude-opus-5-5", **options):
        usual = {"client": api.client, "api_key": "sk-ant-1", "retry": RetryPolicy(max_retries=0)}
        return AnthropicChatModel(name, **{**usual, **options})

    return make


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
