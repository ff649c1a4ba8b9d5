"""A peer on loopback that keeps DeepSeek's rules, the SDK whose types it shares, and aimock."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

import pytest

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.response import ResponseBuilder
from trouplet.testing.fault_server import READ, FaultServer, head, response
from trouplet.testing.request_rules import violations
from trouplet_deepseek import DeepSeekChatModel
from trouplet_http import RetryPolicy

SDK = "openai==3.54.0"
AIMOCK = "1.43.0"


class Peer:
    """Gives its answers in order, the last one for ever: a list is streamed, a dict is whole, bytes are a body."""

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
        """The only request, which DeepSeek would have accepted."""
        (body,) = self.bodies
        assert violations("deepseek", body) == []
        return body

    def _encoded(self, answer, status):
        if isinstance(answer, bytes):
            kind = "application/json" if answer.endswith(b"}") else "text/event-stream"
            return head(200, {"content-type": kind}) + answer
        if isinstance(answer, dict):
            return response(json.dumps(answer).encode(), status=status), READ
        events = "".join([f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in answer])
        return head(200, {"content-type": "text/event-stream"}) + events.encode() + b"data: [DONE]\n\n"


@pytest.fixture
async def peer():
    peer = Peer()
    async with FaultServer(respond=peer.respond) as server:
        peer.url = server.url
        yield peer


@pytest.fixture
def delta():
    """One chunk of a stream: ``delta(content="Hi")``, ``delta("stop", usage={...})``."""

    def chunk(finish=None, *, usage=None, **fields):
        message = {"content": None, "reasoning_content": None, **fields}
        choice = {"index": 0, "delta": message, "logprobs": None, "finish_reason": finish}
        about = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "deepseek-v4-flash"}
        return {**about, "choices": [choice], "usage": usage}

    return chunk


@pytest.fixture
async def model(peer):
    """Makes models that talk to the peer and do not retry."""
    made = []

    def make(name="deepseek-flash", **options):
        usual = {"base_url": peer.url, "retry": RetryPolicy(max_retries=0)}
        made.append(DeepSeekChatModel(name, **{**usual, **options}))
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
    """Runs a script with the SDK: JSON in on its standard input, JSON out."""

    def install(folder):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
        command = [f"{folder}/bin/python", "-m", "pip", "install", "-q", SDK]
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    python = _installed(SDK.replace("==", "-"), install) / "bin" / "python"

    def run(script, data):
        command = [str(python), "-c", script]
        done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=60, check=False)
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
            while b"listening on " not in (said := await process.stdout.readline()):
                assert said, "the mock ended before it listened"
        return said.decode().split("listening on ")[1].strip()

    yield start
    for process in processes:
        process.kill()
        await process.communicate()
