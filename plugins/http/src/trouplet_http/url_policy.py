"""The URL policy: which addresses may be connected to on behalf of a model, a message or a tool.

A URL in a history may come from anybody, and whoever writes it would like the program to fetch what only the program
can reach: services on loopback and in the private network, the metadata service of the cloud. ``URLPolicy`` says what
is allowed; ``PolicyTransport`` asks it for every request, with the addresses that it is about to connect to.

A URL has to be written plainly. Forms that parsers read differently (``0x7f.1``, ``%31``, ``user@``, backslashes) are
refused whatever they mean, so that who checks and who connects cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, ip_network
from typing import TypeAlias

import httpx

from trouplet.errors import BadInput, BadSetting
from trouplet_http.peer_addresses import Address, parse_address, reach
from trouplet_http.redaction import redact

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_SHOWN = 120

_METADATA_NAMES = (
    "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
    "metadata.tencentyun.com",
)  # fmt: skip

Host: TypeAlias = str | Address
"""The host of a URL: a name in ASCII without a final dot, or an address."""


class URLRefused(BadInput):
    """The URL policy does not let this address be connected to."""


class URLPolicy:
    """Says which URLs may be asked for, and which peers may be connected to for them.

    Without options: ``http`` and ``https``, public addresses, the ports 80, 443 and those from 1024 on. Hosts are given
    as names (``example.com``, or ``*.example.com`` for everything below it), addresses or networks (``10.1.0.0/16``).

    ``allow_local`` lets loopback and private addresses be reached: all of them (True), or those of the hosts that it
    names. ``allow_hosts`` allows these hosts and no other, ``block_hosts`` forbids some and beats everything else.
    ``ports`` replaces the ports. Link-local addresses and the metadata services of clouds are never reached.
    """

    def __init__(
        self,
        *,
        allow_local: bool | Collection[str] = False,
        allow_hosts: Collection[str] | None = None,
        block_hosts: Collection[str] = (),
        ports: Collection[int] | None = None,
    ) -> None:
        self._all_local = allow_local is True
        self._local = HostSet(() if isinstance(allow_local, bool) else allow_local, "allow_local")
        self._allowed = None if allow_hosts is None else HostSet(allow_hosts, "allow_hosts")
        self._blocked = HostSet((*_METADATA_NAMES, *HostSet.entries(block_hosts, "block_hosts")), "block_hosts")
        self._ports = None if ports is None else frozenset(ports)

    def check_url(self, url: str | httpx.URL) -> httpx.URL:
        """Return the parsed URL if its text may stand; raises ``URLRefused``. Its name has not been looked up."""
        parsed = _parse(str(url))
        host = host_of(parsed)
        port = port_of(parsed)
        if not (port in (80, 443) or port >= 1024 if self._ports is None else port in self._ports):
            raise _refused(parsed, f"The port {port} is not one of those allowed")
        if self._blocked.has(host):
            raise _refused(parsed, "The host is blocked")
        if self._allowed is not None and not self._allowed.has(host):
            raise _refused(parsed, "The host is not one of those allowed")
        if not isinstance(host, str):
            self.check_peer(parsed, host)
        return parsed

    def check_peer(self, url: httpx.URL, peer: Address) -> None:
        """Raise ``URLRefused`` unless ``peer`` may be connected to for ``url``, whose text has been checked."""
        if self._blocked.has(peer):
            raise _refused(url, "The host is blocked")
        kind = reach(peer)
        if kind == "public" or (kind == "local" and self._local_allowed(host_of(url), peer)):
            return
        raise _refused(
            url,
            "It leads to an address that is not public",
            fix="" if kind == "refused" else "If the host is one of yours, name it: URLPolicy(allow_local=[...])",
        )

    def may_be_public(self, url: str) -> bool:
        """Tell whether the text of a URL may stand and does not lead to a local host: whether others could fetch it."""
        try:
            host = host_of(self.check_url(url))
        except URLRefused:
            return False
        if isinstance(host, str):
            return host != "localhost" and not host.endswith(".localhost") and not self._local.has(host)
        return reach(host) == "public"

    def _local_allowed(self, host: Host, peer: Address) -> bool:
        return self._all_local or self._local.has(host) or self._local.has(peer)


class HostSet:
    """Names, name patterns, addresses and networks of hosts."""

    __slots__ = ("_names", "_networks", "_suffixes")

    def __init__(self, entries: Collection[str], setting: str) -> None:
        self._names: set[str] = set()
        self._suffixes: list[str] = []
        self._networks = []
        for entry in self.entries(entries, setting):
            try:
                self._networks.append(ip_network(entry.strip("[]")))
            except ValueError:
                self._add_name(entry, setting)

    @staticmethod
    def entries(entries: Iterable[str], setting: str) -> Iterable[str]:
        """Return what a setting lists; raises ``BadSetting`` on a single text, which would be a list of letters."""
        if isinstance(entries, str):
            raise BadSetting(f"{setting} is a str", fix=f"Write a list: {setting}=[{entries!r}]")
        return entries

    def has(self, host: Host) -> bool:
        """Tell whether a name or an address is among these hosts."""
        if isinstance(host, str):
            return host in self._names or any([host.endswith(suffix) for suffix in self._suffixes])
        return any([host in network for network in self._networks])

    def _add_name(self, entry: str, setting: str) -> None:
        name = entry.removeprefix("*.")
        try:
            host = host_of(_parse(f"http://{name}"))
        except URLRefused:
            host = None
        if not isinstance(host, str) or "/" in name or ":" in name:
            raise BadSetting(
                f"{entry!r} in {setting} is not a host",
                fix="Write example.com, *.example.com, an address, or a network such as 10.1.0.0/16",
            )
        if name == entry:
            self._names.add(host)
        else:
            self._suffixes.append("." + host)


def host_of(url: httpx.URL) -> Host:
    """Return the host of a URL; raises ``URLRefused`` for one that is not written plainly."""
    text = url.raw_host.decode("ascii")
    if ":" in text:
        try:
            if "%" not in text:
                return parse_address(text)
        except ValueError:
            pass
        raise _refused(url, "Its host is not an IPv6 address, or has a zone")
    name = text.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise _refused(url, "Its host has characters that names of hosts do not have")
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name
    try:
        return IPv4Address(text)
    except ValueError:
        raise _refused(url, "Its host is an IPv4 address in an unusual form", fix="Write it as 192.0.2.1") from None


def port_of(url: httpx.URL) -> int:
    """Return the port that a URL leads to."""
    return url.port or _DEFAULT_PORTS[url.scheme]


def shown(url: httpx.URL) -> str:
    """Return a URL for people to read: without query, fragment and user, and without what looks like a secret."""
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    return redact(f"{url.scheme}://{url.netloc.decode('ascii')}{path}")[:_LONGEST_SHOWN]


def _parse(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):  # half a surrogate pair cannot be encoded
        url = httpx.URL()
    # The text itself may hold a password where none belongs, so it is not shown.
    if not url.scheme or not url.raw_host:
        raise URLRefused("a web address is not valid", fix="Write it as https://example.com/picture.png")
    if url.scheme not in _DEFAULT_PORTS:
        raise _refused(url, f"The scheme is {url.scheme!r}, not http or https")
    if "@" in re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]:
        raise _refused(url, "It has a user or a password in it")
    if url.port is not None and not 0 < url.port < 65536:
        raise _refused(url, "There is no such port")
    return url


def _refused(url: httpx.URL, why: str, *, fix: str = "") -> URLRefused:
    return URLRefused(f"{shown(url)} may not be connected to", why=why, fix=fix)


__all__ = ["HostSet", "URLPolicy", "URLRefused", "host_of", "port_of", "shown"]
