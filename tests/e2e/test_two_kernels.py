"""Several kernels in one process share nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from trouplet import Kernel, ReActAgent, Subscription, TextDelta
from trouplet.hooks import hookimpl

TURNS = 200


@asynccontextmanager
async def provider(requests: list[tuple[str, dict[str, Any]]]) -> AsyncIterator[str]:
    """Serve chat completions that say whose key came with which question, and write the requests down."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                body = json.loads(await reader.readexactly(int(fields["content-length"])))
                requests.append((fields["authorization"], body))
                answer = f"{fields['authorization'].removeprefix('bearer ')} heard {body['messages'][-1]['content']}"
                message = {"role": "assistant", "content": answer}
                made = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(made)}\r\n\r\n"
                writer.write(head.encode() + made)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        server.close()


class Witness:
    """A plugin that keeps, in its kernel's data folder, what it saw."""

    plugin_api = (1, 0)

    def __init__(self, context: Any) -> None:
        self.label = context.config["label"]
        self.file = context.data_dir() / "seen.txt"
        self.seen: list[str] = []

    @hookimpl
    def before_reply(self, msgs: Any, scope: Any) -> None:
        self.seen.append(f"{self.label} {scope.agent.name} {msgs[0].text}")

    @hookimpl
    def on_event(self, scope: Any) -> Any:
        return [Subscription((TextDelta,), lambda event: self.seen.append(event.text))]

    @hookimpl
    def kernel_stopping(self) -> None:
        self.file.write_text("\n".join(self.seen))


def kernel(name: str, folder: Path, base_url: str) -> Kernel:
    return Kernel(
        plugins=[Witness],
        keys={"openai": f"sk-{name}"},
        config={"Witness": {"label": name}, "openai": {"base_url": base_url}},
        environ={},
        data_dir=folder / name,
        cache_dir=folder / name,
    )


async def turns(agent: ReActAgent, name: str) -> None:
    for number in range(TURNS):
        reply = await agent(f"{name}-{number}")
        assert reply.text == f"sk-{name} heard {name}-{number}"


async def test_two_hundred_interleaved_turns_leak_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    requests: list[tuple[str, dict[str, Any]]] = []
    async with (
        provider(requests) as base_url,
        kernel("ann", tmp_path, base_url) as ann,
        kernel("bob", tmp_path, base_url) as bob,
    ):
        agents = {
            name: owner.agent(f"agent-of-{name}", model=owner.model("openai:gpt-5-mini", stream=False))
            for name, owner in (("ann", ann), ("bob", bob))
        }
        await asyncio.gather(*[turns(agent, name) for name, agent in agents.items()])
        assert ann.resources.get("http", object, None) is not bob.resources.get("http", object, None)
        for name, agent in agents.items():
            other = "bob" if name == "ann" else "ann"
            history = [msg.text for msg in await agent.memory.get()]
            assert len(history) == 2 * TURNS
            assert not [text for text in history if other in text]
    for name, other in (("ann", "bob"), ("bob", "ann")):
        [file] = (tmp_path / name).rglob("seen.txt")
        seen = file.read_text()
        assert seen.count(f"{name} agent-of-{name}") == seen.count(f"sk-{name} heard") == TURNS
        assert other not in seen
    assert len(requests) == 2 * TURNS
    for authorization, body in requests:
        owner = authorization.removeprefix("bearer sk-")
        assert ("bob" if owner == "ann" else "ann") not in json.dumps(body)
    assert not [
        record for record in caplog.records if "sk-ann" in record.getMessage() or "sk-bob" in record.getMessage()
    ]
