"""Anthropic's API as a script, the vendor's SDK in an environment of its own, and aimock."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.request_rules import violations
from trouplet_anthropic import AnthropicChatModel
from trouplet_http import RetryPolicy

SDK = "anthropic==2.12.0"
AIMOCK = "1.43.0"


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


def _installed(name, install):
    """Return the folder ``name`` in the user's cache; ``install`` fills it where it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trouplet-tests"
    home = cache / name
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(dir=cache)
        try:
            install(folder)
            Path(folder).chmod(0o755)
            Path(folder).rename(home)
        except (subprocess.SubprocessError, OSError) as error:
            if not home.exists():
                pytest.skip(f"{name} could not be installed: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return home


@pytest.fixture(scope="session")
def sdk():
    """Runs a script with Anthropic's SDK: JSON in on its standard input, JSON out."""

    def install(folder):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
        command = [f"{folder}/bin/python", "-m", "pip", "install", "-q", SDK]
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    python = _installed(SDK.replace("==", "-"), install) / "bin" / "python"

    def run(script, data):
        command = [str(python), "-c", script]
        done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def aimock_program():
    """The program of the mock, installed if it is not there yet."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")

    def install(folder):
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, f"@copilotkit/aimock@{AIMOCK}"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        for inner in Path(folder, "node_modules").iterdir():
            inner.rename(Path(folder, inner.name))

    return _installed(f"aimock-{AIMOCK}", install) / "@copilotkit" / "aimock" / "dist" / "cli.js"


@pytest.fixture
async def aimock(aimock_program, tmp_path):
    """Starts the mock with fixtures and returns its address."""
    processes = []

    async def start(fixtures):
        path = tmp_path / "fixtures.json"
        path.write_text(json.dumps({"fixtures": fixtures}))
        process = await asyncio.create_subprocess_exec(
            "node", str(aimock_program), "-p", "0", "-f", str(path), "-c", "7", stdout=asyncio.subprocess.PIPE
        )
        processes.append(process)
        async with asyncio.timeout(60):
            while b"listening on " not in (line := await process.stdout.readline()):
                assert line, "the mock ended before it listened"
        return line.decode().split("listening on ")[1].strip()

    yield start
    for process in processes:
        process.kill()
        await process.communicate()
