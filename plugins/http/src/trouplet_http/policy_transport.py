"""The transport that keeps to a URL policy: it connects only to peers that were checked.

A name is resolved once for each request. Every answer is checked, and the connection goes to one of exactly these
addresses, with the name kept in the ``Host`` header and for TLS: a resolver that answers differently the second time is
not asked a second time. Redirects are followed by whoever sends the requests, and each one passes here again.

Limits: an address that belongs to this machine but is public counts as public.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import httpx

from trouplet_http.peer_addresses import parse_address
from trouplet_http.transport import AsyncioTransport
from trouplet_http.url_policy import host_of, port_of

if TYPE_CHECKING:
    from trouplet_http.peer_addresses import Address
    from trouplet_http.url_policy import URLPolicy

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a host name and port, best first; raises ``OSError``."""


class PolicyTransport(httpx.AsyncBaseTransport):
    """Sends requests through ``inner`` to addresses that ``policy`` allows; raises ``URLRefused`` otherwise.

    ``inner`` connects to the address that it is given. It must not be a proxy: the proxy, and not this transport, would
    then look up the names.
    """

    def __init__(
        self, policy: URLPolicy, *, inner: httpx.AsyncBaseTransport | None = None, resolve: Resolver | None = None
    ) -> None:
        self._policy = policy
        self._inner = inner or AsyncioTransport()
        self._resolve = resolve or system_resolver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to the first of its addresses that can be connected to."""
        self._policy.check_url(request.url)
        *others, last = await self._peers(request.url)
        for peer in others:
            try:
                return await self._inner.handle_async_request(_pinned(request, peer))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_pinned(request, last))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _peers(self, url: httpx.URL) -> list[Address]:
        host = host_of(url)
        if not isinstance(host, str):
            return [host]
        try:
            answers = await self._resolve(url.raw_host.decode("ascii"), port_of(url))
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"The name {host!r} cannot be resolved: {error}") from error
        if not answers:
            raise httpx.ConnectError(f"The name {host!r} has no address.")
        peers = [parse_address(answer) for answer in answers]
        for peer in peers:
            self._policy.check_peer(url, peer)
        return peers


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system's resolver gives, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _pinned(request: httpx.Request, peer: Address) -> httpx.Request:
    """Return the request as it goes to one address; its headers, ``Host`` among them, stay as they are."""
    host = host_of(request.url)
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(peer)),
        headers=request.headers.raw,
        stream=request.stream,
        extensions=request.extensions | ({"sni_hostname": host} if isinstance(host, str) else {}),
    )
