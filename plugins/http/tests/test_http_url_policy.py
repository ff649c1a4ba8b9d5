"""The URL policy: which addresses may be asked for, and that no other peer is ever connected to."""

import ipaddress
import ssl
from contextlib import suppress

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trouplet.errors import BadSetting
from trouplet_http import AsyncioTransport, PolicyTransport, URLPolicy, URLRefused
from trouplet_http.peer_addresses import parse_address, reach
from trouplet_http.url_policy import host_of, shown

NAMES = {
    "public.test": ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"],
    "local.test": ["127.0.0.1"],
    "private.test": ["10.1.2.3"],
    "unique-local.test": ["fd12:3456::1"],
    "mixed.test": ["93.184.216.34", "10.1.2.3"],
    "mixed-6.test": ["2606:2800:220:1:248:1893:25c8:1946", "::ffff:127.0.0.1"],
    "translated.test": ["64:ff9b::7f00:1"],
    "link-local.test": ["fe80::1%2"],
    "metadata.test": ["169.254.169.254"],
    "alibaba.test": ["100.100.100.200"],
    "127.0.0.1.nip.test": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "xn--bcher-kva.test": ["10.0.0.1"],
}


class Recorder(httpx.AsyncBaseTransport):
    """Stands where connections would be made, and keeps the requests that came so far."""

    def __init__(self):
        self.requests = []

    async def handle_async_request(self, request):
        self.requests.append(request)
        return httpx.Response(200, content=b"here")


class Names:
    """A resolver with a table; it counts how often it is asked."""

    def __init__(self, names=NAMES):
        self.names = names
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append(host)
        answers = self.names.get(host.removesuffix("."))
        if answers is None:
            raise OSError(f"no such name: {host}")
        return answers.pop(0) if isinstance(answers[0], list) else answers


async def get(url, *, policy=None, names=None, inner=None):
    """Send one request under a policy and return the response and the requests that would have been connected for."""
    recorder = inner or Recorder()
    transport = PolicyTransport(policy or URLPolicy(), inner=recorder, resolve=names or Names())
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return await client.get(url), recorder


FORMS = [
    # IPv4 as it is
    "http://127.0.0.1:8080/", "http://127.255.255.254/", "http://10.0.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://0.0.0.0:8080/",
    "http://255.255.255.255/", "http://224.0.0.1/", "http://192.0.0.192/", "http://198.18.0.1/", "http://203.0.113.1/",
    "http://240.0.0.1/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.88.99.1/",
    # IPv4 as numbers, in fewer parts, octal, hexadecimal, with a final dot
    "http://2130706433:8080/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
    "http://127.1/", "http://127.0.1/", "http://0/", "http://0x7f.1/", "http://127.0.0.1.:8080/", "http://127.0.0.0x1/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://8.8.2056/", "http://134744072/", "http://1.2.3.4.5/",
    # IPv6, and IPv4 within it
    "http://[::1]:8080/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::ffff:a9fe:a9fe]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:7f00:1::]/", "http://[2001:db8::1]/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/", "http://[fec0::1]/", "http://[ff02::1]/", "http://[100::1]/", "http://[3fff::1]/",
    # users, escapes, other alphabets, line breaks, backslashes
    "http://public.test@127.0.0.1/", "http://public.test:80@127.0.0.1/", "http://@public.test/",
    "http://user:password@public.test/", "http://127.0.0.1\\@public.test/", "http://public.test\\@127.0.0.1/",
    "http://%31%32%37.0.0.1/", "http://127%2e0.0.1/", "http://public.test%00.local.test/", "http://public.test%23@x/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "http://127。0。0。1/", "http://①②⑦.0.0.1/",
    "http://ⓛocalhost/", "http://bücher.test/",
    "http://public.test\r\nHost: local.test/", "http://public.test/\r\nX: y", "http://public.test\t/", " http://public.test/",
    "http://public.test /",
    # names
    "http://localhost:8080/", "http://LOCALHOST./", "http://local.test/", "http://private.test/", "http://metadata.test/",
    "http://mixed.test/", "http://mixed-6.test/", "http://translated.test/", "http://link-local.test/",
    "http://unique-local.test/", "http://127.0.0.1.nip.test/", "http://metadata.google.internal/",
    "http://METADATA.GOOGLE.INTERNAL./", "http://metadata/", "http://alibaba.test/", "http://public..test/", "http://./",
    # other schemes, no scheme, no host, ports
    "//public.test/", "//127.0.0.1/", "ftp://public.test/", "gopher://127.0.0.1:6379/_PING", "file://public.test/x",
    "ws://public.test/", "jar:http://public.test!/", "http:public.test", "http:///public.test", "http://", "http://:80/",
    "http://public.test:22/", "http://public.test:0/", "http://public.test:65536/", "http://public.test:99999999/",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_no_connection_is_made_to_what_is_not_plainly_public(form):
    recorder = Recorder()
    with pytest.raises(URLRefused):
        await get(URLPolicy().check_url(form), inner=recorder)
    assert not recorder.requests


@pytest.mark.parametrize("form", FORMS)
async def test_what_httpx_makes_of_a_form_is_not_connected_to_either_unless_it_is_public(form):
    recorder = Recorder()
    with suppress(httpx.InvalidURL, httpx.UnsupportedProtocol, URLRefused):
        await get(form, inner=recorder)
    assert [request.url.host for request in recorder.requests] in ([], ["93.184.216.34"])


@pytest.mark.parametrize("form", [
    "http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/",
    "http://[fd20:ce::254]/", "http://192.0.0.192/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://metadata.google.internal/", "http://metadata.test/", "http://alibaba.test/", "http://[fe80::1]/",
    "http://link-local.test/", "http://0.0.0.0/", "http://2852039166/", "http://224.0.0.1/", "http://[64:ff9b::10.0.0.1]/",
])  # fmt: skip
@pytest.mark.parametrize(
    "allow_local", [True, ["169.254.0.0/16", "metadata.google.internal", "metadata.test", "fd00::/8"]]
)
async def test_metadata_and_link_local_addresses_stay_blocked_when_local_ones_are_allowed(form, allow_local):
    recorder = Recorder()
    with pytest.raises(URLRefused):
        await get(form, policy=URLPolicy(allow_local=allow_local), inner=recorder)
    assert not recorder.requests


@pytest.mark.parametrize(
    ("url", "peer"),
    [
        ("http://8.8.8.8/", "8.8.8.8"),
        ("https://[2606:4700::1111]:8443/", "2606:4700::1111"),
        ("http://[::ffff:8.8.8.8]/", "8.8.8.8"),
        ("http://[64:ff9b::808:808]/", "64:ff9b::808:808"),
        ("http://public.test/", "93.184.216.34"),
        ("http://Public.Test.:80/", "93.184.216.34"),
    ],
)
async def test_public_addresses_are_connected_to(url, peer):
    _, recorder = await get(url)
    assert [request.url.host for request in recorder.requests] == [peer]


async def test_a_resolver_that_answers_otherwise_the_second_time_is_asked_once():
    names = Names({"rebind.test": [["93.184.216.34"], ["127.0.0.1"]]})
    _, recorder = await get("http://rebind.test:8080/x", names=names)
    assert names.asked == ["rebind.test"]
    assert str(recorder.requests[0].url) == "http://93.184.216.34:8080/x"


async def test_a_rebinding_name_is_checked_again_for_the_next_request(faults, wire):
    faults.answers = [wire.response(b"secret")]
    port = faults.url.rpartition(":")[2]
    names = Names({"rebind.test": [["93.184.216.34"], ["127.0.0.1"]]})
    transport = PolicyTransport(URLPolicy(), inner=Recorder(), resolve=names)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        await client.get(f"http://rebind.test:{port}/")
        with pytest.raises(URLRefused):
            await client.get(f"http://rebind.test:{port}/")
    assert faults.connections == 0


async def test_the_host_header_keeps_the_name(faults, wire):
    faults.answers = [wire.response(b"here")]
    port = faults.url.rpartition(":")[2]
    policy, inner = URLPolicy(allow_local=True), AsyncioTransport()
    response, _ = await get(f"http://local.test:{port}/picture?a=b", policy=policy, inner=inner)
    assert response.content == b"here"
    assert faults.requests[0].headers["host"] == f"local.test:{port}"
    assert faults.requests[0].path == "/picture?a=b"


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(tls_faults, wire):
    tls_faults.answers = [wire.response(b"here")]
    port = tls_faults.url.rpartition(":")[2]

    def trusting():
        return ssl.create_default_context(cafile=str(wire.certificate))

    async def ask(name):
        policy = URLPolicy(allow_local=True)
        names = Names({name: ["127.0.0.1"]})
        return await get(
            f"https://{name}:{port}/", policy=policy, names=names, inner=AsyncioTransport(ssl_context=trusting)
        )

    response, _ = await ask("localhost")
    assert response.content == b"here"
    with pytest.raises(httpx.ConnectError, match=r"local\.test"):
        await ask("local.test")


async def test_the_next_address_is_tried_when_one_cannot_be_connected_to(faults, wire):
    faults.answers = [wire.response(b"here")]
    port = faults.url.rpartition(":")[2]
    names = Names({"two.test": ["127.0.0.2", "127.0.0.1"]})  # the server listens on one of them
    response, _ = await get(
        f"http://two.test:{port}/", policy=URLPolicy(allow_local=True), names=names, inner=AsyncioTransport()
    )
    assert response.content == b"here"


async def test_a_name_without_an_address_is_a_failed_connection():
    async def no_answer(host, port):
        return []

    for resolve in (Names({}), no_answer):
        with pytest.raises(httpx.ConnectError, match=r"nowhere\.test"):
            await get("http://nowhere.test/", names=resolve)


async def test_redirects_of_an_ordinary_client_are_checked_too():
    class Redirecting(Recorder):
        async def handle_async_request(self, request):
            await super().handle_async_request(request)
            return httpx.Response(302, headers={"location": "http://private.test:8080/"})

    recorder = Redirecting()
    transport = PolicyTransport(URLPolicy(), inner=recorder, resolve=Names())
    async with httpx.AsyncClient(transport=transport, follow_redirects=True, trust_env=False) as client:
        with pytest.raises(URLRefused):
            await client.get("http://public.test/")
    assert len(recorder.requests) == 1


def allowed(policy, url, *peers):
    try:
        parsed = policy.check_url(url)
        for peer in peers:
            policy.check_peer(parsed, parse_address(peer))
    except URLRefused:
        return False
    return True


def test_local_addresses_can_be_allowed_for_the_hosts_that_are_named():
    policy = URLPolicy(allow_local=["minio.corp", "*.dev.corp", "10.1.0.0/16"])
    assert allowed(policy, "http://minio.corp:9000/", "192.168.0.5")
    assert allowed(policy, "http://a.dev.corp/", "fd12::1")
    assert allowed(policy, "http://10.1.2.3/")
    assert allowed(policy, "http://whatever.test/", "10.1.2.3")
    assert not allowed(policy, "http://dev.corp/", "192.168.0.5")
    assert not allowed(policy, "http://evilminio.corp/", "192.168.0.5")
    assert not allowed(policy, "http://10.2.0.1/")


def test_allowed_hosts_are_the_only_ones():
    policy = URLPolicy(allow_hosts=["Example.com", "*.cdn.test", "bücher.test", "8.8.8.0/24"])
    assert allowed(policy, "http://example.com./x", "93.184.216.34")
    assert allowed(policy, "http://a.b.cdn.test/", "93.184.216.34")
    assert allowed(policy, "http://xn--bcher-kva.test/", "93.184.216.34")
    assert allowed(policy, "http://8.8.8.8/")
    assert not allowed(policy, "http://www.example.com/")
    assert not allowed(policy, "http://cdn.test/")
    assert not allowed(policy, "http://9.9.9.9/")
    assert not allowed(policy, "http://example.com/", "127.0.0.1")


def test_blocked_hosts_beat_everything_else():
    policy = URLPolicy(
        allow_local=True, allow_hosts=["*.corp"], block_hosts=["db.corp", "*.secret.corp", "10.0.0.0/24"]
    )
    assert allowed(policy, "http://web.corp/", "10.0.1.1")
    assert not allowed(policy, "http://db.corp/", "10.0.1.1")
    assert not allowed(policy, "http://a.secret.corp/", "10.0.1.1")
    assert not allowed(policy, "http://web.corp/", "10.0.0.1")
    assert not allowed(policy, "http://web.corp/", "::ffff:10.0.0.1")


def test_ports_can_be_replaced():
    assert not allowed(URLPolicy(), "https://example.com:25/")
    assert allowed(URLPolicy(), "https://example.com:8443/")
    assert allowed(URLPolicy(ports=[25]), "https://example.com:25/")
    assert not allowed(URLPolicy(ports=[25]), "https://example.com/")


@pytest.mark.parametrize(
    "entry", ["http://example.com", "example.com:80", "10.0.0.1/8", "a b", "", "*", "*.*.x", "user@x"]
)
def test_an_entry_that_is_not_a_host_is_refused_when_the_policy_is_made(entry):
    with pytest.raises(BadSetting, match="is not a host"):
        URLPolicy(block_hosts=[entry])


def test_a_single_text_is_not_taken_for_a_list_of_letters():
    with pytest.raises(BadSetting, match="allow_hosts"):
        URLPolicy(allow_hosts="example.com")


@pytest.mark.parametrize("url", [
    "http://user:hunter22@public.test/a?token=hunter22#hunter22", "http://127.0.0.1/a?sig=hunter22",
    "http://public.test:hunter22/", "http://public.test\\hunter22@x/", "http://10.0.0.1/%0a",
])  # fmt: skip
def test_refusals_hold_neither_the_query_nor_the_password(url):
    with pytest.raises(URLRefused) as caught:
        URLPolicy().check_url(url)
    assert "hunter22" not in f"{caught.value} {caught.value.as_dict()}"
    assert "\n" not in str(caught.value)


def test_what_is_shown_of_a_url_is_short_and_redacted():
    url = httpx.URL("https://api.test/file/sk-abcdefghijklmnopqrstu/" + "x" * 500)
    assert "sk-abc" not in shown(url)
    assert len(shown(url)) <= 120


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address) | st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address))
@example(ipaddress.IPv6Address("2002::1"))
@example(ipaddress.IPv6Address("2001:1ff:ffff::"))
def test_what_counts_as_public_is_nothing_that_python_calls_otherwise(address):
    address = parse_address(str(address))
    if reach(address) == "public" and address not in ipaddress.ip_network("64:ff9b::/96"):
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))
        assert not any((address.is_reserved, address.is_unspecified))


pieces = st.sampled_from((
    "http", "https", ":", "//", "/", "@", "\\", "127.0.0.1", "[::1]", "[", "]", "%", "%31", "0x7f", ".", "example.com",
    "?", "#", "\uff18", "。", "\n", "\x00", " ", "localhost", "xn--", "65536", "-", "_", "é", "\ud800",
))  # fmt: skip


@given(st.lists(pieces | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_is_refused_or_has_a_host_that_is_a_name_or_public(text):
    try:
        url = URLPolicy().check_url(text)
    except URLRefused:
        return
    host = host_of(url)
    assert isinstance(host, str) or reach(host) == "public"
    assert not url.userinfo
