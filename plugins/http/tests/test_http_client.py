"""The kernel's one client: who makes it, who closes it, what it costs, and how it finds its way out."""

import asyncio
import subprocess
import sys

import httpx
import pytest

import trouplet_http
from trouplet.errors import BadSetting
from trouplet_http import Endpoint, make_client, shared_client
from trouplet_http.proxies import proxies_of


class Context:
    """A plugin's context, as far as this package uses it."""

    def __init__(self, resources=None, environment=None):
        self.resources = dict(resources or {})
        self.closers = []
        self.environment = environment or {}

    def environ(self, variable):
        return self.environment.get(variable)

    def resource(self, key, make, close=None):
        if key not in self.resources:
            self.resources[key] = made = make()
            self.closers.append(lambda: close(made))
        return self.resources[key]


async def test_all_plugins_of_a_kernel_share_one_client():
    context = Context()
    client = shared_client(context)
    assert shared_client(context) is client
    assert shared_client(Context()) is not client
    for close in context.closers:
        await close()
    assert client.is_closed


async def test_the_client_of_a_host_is_taken_and_left_open():
    async with httpx.AsyncClient() as mine:
        context = Context({"http": mine})
        assert shared_client(context) is mine
        assert context.closers == []


def probe(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing():
    loaded = probe("import sys, trouplet_http; print(*sys.modules)")
    assert not loaded & {"httpx", "asyncio", "json", "re", "trouplet_http.endpoint"}


def test_a_first_call_does_without_the_stacks_that_it_does_not_use():
    script = """
import asyncio, sys
from trouplet_http import Endpoint, make_client

async def serve(reader, writer):
    await reader.readuntil(b"{}")
    writer.write(b'HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}')
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with make_client(environ={}.get) as client:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await Endpoint(client, provider="acme", base_url=url).post_json("", {}) == {}
    server.close()

asyncio.run(main())
print(*sys.modules)
"""
    loaded = probe(script)
    unused = {"httpcore", "anyio", "aiohttp", "certifi", "random", "email.utils"} - probe(
        "import sys, httpx; print(*sys.modules)"
    )
    assert not loaded & unused
    assert not loaded & {"trouplet_http.proxies", "trouplet_http.record", "trouplet_http.replay", "pydantic"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {}),
        ({"NO_PROXY": "localhost"}, {}),
        ({"HTTPS_PROXY": "http://p:1"}, {"https://": "http://p:1"}),
        ({"https_proxy": "p:1", "HTTPS_PROXY": "http://other:1"}, {"https://": "http://p:1"}),
        ({"ALL_PROXY": "socks5://p:1"}, {"all://": "socks5://p:1"}),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "*"}, {}),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, {}),
        (
            {"HTTP_PROXY": "http://p:1", "no_proxy": "localhost, 10.0.0.1,::1, .acme.test,b.test,https://c.test"},
            {
                "http://": "http://p:1",
                "all://localhost": None,
                "all://10.0.0.1": None,
                "all://[::1]": None,
                "all://*.acme.test": None,
                "all://*b.test": None,
                "https://c.test": None,
            },
        ),
    ],
)
def test_proxies_are_read_as_httpx_reads_them(environment, expected):
    assert proxies_of(environment.get) == expected


async def test_requests_go_through_the_proxy_of_the_kernels_environment(faults, wire):
    faults.answers = [wire.json({"ok": True})]
    async with make_client(environ={"HTTP_PROXY": faults.url, "NO_PROXY": "127.0.0.1"}.get) as client:
        endpoint = Endpoint(client, provider="acme", base_url="http://acme.test/v1")
        assert await endpoint.post_json("chat", {}) == {"ok": True}
        await client.get(faults.url + "/direct")
    assert [request.path for request in faults.requests] == ["http://acme.test/v1/chat", "/direct"]


async def test_a_proxy_that_cannot_be_used_is_a_bad_setting():
    async with make_client(environ={"ALL_PROXY": "gopher://p:1"}.get) as client:
        with pytest.raises((BadSetting, ValueError)):
            await client.get("http://acme.test/")


async def test_the_processes_own_environment_is_not_read(faults, wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    faults.answers = [wire.json({"ok": True})]
    async with make_client() as client:
        assert (await client.get(faults.url)).json() == {"ok": True}


async def test_certificates_to_trust_are_taken_from_the_kernels_environment(tls_faults, wire):
    tls_faults.answers = [wire.json({"ok": True})]
    async with make_client(environ={"SSL_CERT_FILE": str(wire.certificate)}.get) as client:
        responses = await asyncio.gather(*(client.get(tls_faults.url) for _ in range(3)))
    assert {response.status_code for response in responses} == {200}


def test_every_public_name_is_there():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(trouplet_http.__file__).read_text())
    typed = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("trouplet_http")
        for alias in node.names
    }
    assert {name: module.removeprefix("trouplet_http.") for name, module in typed.items()} == trouplet_http._MODULES
    for name in trouplet_http.__all__:
        assert getattr(trouplet_http, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = trouplet_http.nothing
