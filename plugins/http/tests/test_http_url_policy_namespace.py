"""The URL policy in a network of its own, where every address that must not be reached is there and listens.

This file is also the program that runs in there: it tries each form directly and behind a redirect, and prints which
addresses were connected to.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from urllib.parse import quote, unquote

import pytest

PORT = 8080
PUBLIC = ["93.184.216.34", "2606:4700::1111"]
LOCAL = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1"]
NEVER = [
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "203.0.113.1",
    "fd00:ec2::254", "fd20:ce::254", "fe80::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::",
    "2001:0:7f00:1::", "2001:db8::1",
]  # fmt: skip
UNUSUAL = [
    "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0", "0x7f.1",
    "127.0.0.1.", "2852039166", "0xa9fea9fe", "0xa.0.0.1", "10.1", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]",
    "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[fe80::1%251]", "public.test@10.0.0.1", "public.test:80@10.0.0.1",
    "%31%30.0.0.1", "10%2e0.0.1", "\uff11\uff10.\uff10.\uff10.\uff11", "10。0。0。1",
    "10.0.0.1\\@public.test", "public.test\\@10.0.0.1",
]  # fmt: skip
NAMES = {
    "public.test": [PUBLIC[0]],
    "private.test": ["10.0.0.1"],
    "mixed.test": [PUBLIC[0], "10.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "mapped.test": ["::ffff:169.254.169.254"],
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

pytestmark = [
    pytest.mark.battery,
    pytest.mark.skipif(not (shutil.which("unshare") and shutil.which("ip")), reason="needs unshare and ip"),
]


def bracketed(address):
    return f"[{address}]" if ":" in address else address


def forms():
    hosts = [*map(bracketed, [*LOCAL, *NEVER]), "127.0.0.1", "[::1]", *UNUSUAL, *NAMES, "localhost", "LOCALHOST."]
    return [(host, f"http://{host}:{PORT}/") for host in hosts if host != "public.test"]


@pytest.fixture(scope="module")
def reached():
    command = ["unshare", "--map-root-user", "--net", sys.executable, __file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"no network namespace: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_a_policy_the_addresses_are_reached(reached):
    connected = {address for addresses in reached["none"].values() for address in addresses}
    assert {*LOCAL, *NEVER, "127.0.0.1", "::1"} - {"fe80::1"} <= connected
    for form in ("2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]", "public.test@10.0.0.1"):
        assert reached["none"][form], form


def test_with_the_policy_public_addresses_are_reached_and_no_other(reached):
    assert reached["public"] == {
        "93.184.216.34": [PUBLIC[0]],
        "[2606:4700::1111]": [PUBLIC[1]],
        "public.test": [PUBLIC[0]],
    }
    assert not {form: addresses for form, addresses in reached["policy"].items() if addresses}


def test_behind_redirects_the_policy_lets_nothing_else_be_reached(reached):
    assert not {form: addresses for form, addresses in reached["redirected"].items() if addresses != [PUBLIC[0]]}


def test_where_local_addresses_are_allowed_metadata_is_not_reached(reached):
    connected = {address for addresses in reached["local"].values() for address in addresses}
    assert connected >= {*LOCAL, "127.0.0.1", "::1"}
    assert connected <= {*LOCAL, *PUBLIC, "127.0.0.1", "::1"}


class Listener:
    """Listens on every address, and notes at which of them it was connected to."""

    def __init__(self):
        self.connected = []

    async def serve(self, reader, writer):
        self.connected.append(writer.get_extra_info("sockname")[0])
        line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(PNG)}\r\n"
        if "/to?" in line:
            target = unquote(line.split(" ")[1].partition("?")[2])
            head = f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: {len(PNG)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + PNG)
        writer.close()

    def taken(self):
        taken, self.connected = self.connected, []
        return taken


async def resolve(host, port):
    from trouplet_http.policy_transport import system_resolver

    return NAMES.get(host.lower()) or await system_resolver(host, port)


async def attempt(load, listener):
    from trouplet.errors import BadInput, ModelError

    with contextlib.suppress(BadInput, ModelError, TimeoutError):
        await asyncio.wait_for(load, 5)
    return listener.taken()


async def with_policy(policy, addresses, listener):
    from trouplet.messages import ImageBlock, URLSource
    from trouplet_http import MediaLoader, PolicyTransport

    loader = MediaLoader(policy=policy, transport=PolicyTransport(policy, resolve=resolve))
    found = {name: await attempt(loader.data(ImageBlock(URLSource(address))), listener) for name, address in addresses}
    await loader.aclose()
    return found


async def without_policy(address, listener):
    import httpx

    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, OSError):
            await client.get(address)
    return listener.taken()


async def main():
    from trouplet_http import URLPolicy

    listener = Listener()
    servers = [await asyncio.start_server(listener.serve, host, PORT) for host in ("0.0.0.0", "::")]
    behind = [(name, f"http://{PUBLIC[0]}:{PORT}/to?{quote(address, safe='')}") for name, address in forms()]
    public = [(host, f"http://{host}:{PORT}/") for host in (*map(bracketed, PUBLIC), "public.test")]
    found = {
        "none": {name: await without_policy(address, listener) for name, address in forms()},
        "public": await with_policy(URLPolicy(), public, listener),
        "policy": await with_policy(URLPolicy(), forms(), listener),
        "redirected": await with_policy(URLPolicy(), behind, listener),
        "local": await with_policy(URLPolicy(allow_local=True), forms(), listener),
    }
    for server in servers:
        server.close()
    print(json.dumps(found))


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for given in [*PUBLIC, *LOCAL, *NEVER]:
        option = ["nodad"] if ":" in given else []
        subprocess.run(["ip", "address", "add", given, "dev", "lo", *option], check=True)
    asyncio.run(main())
