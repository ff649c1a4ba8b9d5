"""Runs one scenario with one client in this process and prints the CPU seconds that it took.

``python measured_client.py CLIENT SCENARIO PORT``
"""

import asyncio
import json
import sys
import time

BODY = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "You're a helpful assistant."},
        {"role": "user", "content": "Hello! " * 20},
    ],
}
HEADERS = {"authorization": "Bearer none"}


class HttpxClient:
    """What an application does with httpx and json."""

    def __init__(self, base, transport=None):
        import httpx

        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self.client = httpx.AsyncClient(transport=transport, limits=limits, timeout=120, headers=HEADERS)
        self.base = base

    async def call(self, path):
        return (await self.client.post(self.base + path, json=BODY)).json()

    async def stream(self, path):
        count = 0
        async with self.client.stream("POST", self.base + path, json=BODY) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    json.loads(line[6:])
                    count += 1
        return count

    async def close(self):
        await self.client.aclose()


class AiohttpClient:
    """The same on aiohttp: the floor for concurrency."""

    def __init__(self, base):
        import aiohttp

        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=HEADERS)
        self.base = base

    async def call(self, path):
        async with self.session.post(self.base + path, json=BODY) as response:
            return await response.json()

    async def stream(self, path):
        count = 0
        async with self.session.post(self.base + path, json=BODY) as response:
            async for line in response.content:
                if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                    json.loads(line[6:])
                    count += 1
        return count

    async def close(self):
        await self.session.close()


class EndpointClient:
    """The same through this package."""

    def __init__(self, base):
        from trouplet_http import Endpoint, make_client

        self.client = make_client()
        self.endpoint = Endpoint(self.client, provider="mock", base_url=base, headers=HEADERS)

    async def call(self, path):
        return await self.endpoint.post_json(path, BODY)

    async def stream(self, path):
        from contextlib import aclosing

        count = 0
        async with aclosing(self.endpoint.post_stream(path, BODY)) as batches:
            async for events in batches:
                for event in events:
                    if event.data != "[DONE]":
                        json.loads(event.data)
                        count += 1
        return count

    async def close(self):
        await self.client.aclose()


def sharded(base):
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)

    class Shards(httpx.AsyncBaseTransport):
        def __init__(self):
            self.shards = [httpx.AsyncHTTPTransport(limits=limits, verify=False) for _ in range(64)]
            self.next = 0

        async def handle_async_request(self, request):
            self.next = (self.next + 1) % 64
            return await self.shards[self.next].handle_async_request(request)

        async def aclose(self):
            for shard in self.shards:
                await shard.aclose()

    return HttpxClient(base, Shards())


def over_aiohttp(base):
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    def session():
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    return HttpxClient(base, AiohttpTransport(client=session))


def over_pyreqwest(base):
    from pyreqwest.client import ClientBuilder
    from pyreqwest.compatibility.httpx import HttpxTransport

    return HttpxClient(base, HttpxTransport(ClientBuilder().build()))


def over_ours(base):
    from trouplet_http import AsyncioTransport

    return HttpxClient(base, AsyncioTransport(max_connections=2000))


CLIENTS = {
    "httpx": HttpxClient,
    "httpx in 64 pools": sharded,
    "httpx-aiohttp": over_aiohttp,
    "httpx over pyreqwest": over_pyreqwest,
    "aiohttp": AiohttpClient,
    "httpx over AsyncioTransport": over_ours,
    "Endpoint": EndpointClient,
}


async def run(make, scenario, base):
    client = make(base)
    await client.call("/call")
    started = time.process_time()
    kind, _, number = scenario.partition("-")
    if kind == "calls":
        for _ in range(int(number)):
            await client.call("/call")
    elif kind == "chunks":
        assert await client.stream(f"/stream/{number}") == int(number)
    elif kind == "agents":
        async with asyncio.TaskGroup() as group:
            for _ in range(int(number)):
                group.create_task(agent(client))
    spent = time.process_time() - started
    await client.close()
    return spent


async def agent(client):
    for _ in range(3):
        await client.call("/slow")


if __name__ == "__main__":
    name, scenario, port = sys.argv[1:]
    spent = asyncio.run(run(CLIENTS[name], scenario, f"http://127.0.0.1:{port}"))
    print(time.process_time() if scenario == "cold" else spent)
