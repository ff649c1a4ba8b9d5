"""Reads the proxy settings of an environment, with the meaning that httpx and curl give them."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

import httpx

from trouplet.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext


class ProxyTransport(httpx.AsyncBaseTransport):
    """Sends requests through a proxy with httpx's own transport, which is made when the first one comes."""

    def __init__(self, url: str, *, ssl_context: Callable[[], SSLContext], max_connections: int | None) -> None:
        self._url = url
        self._ssl_context = ssl_context
        self._limits = httpx.Limits(max_connections=max_connections, keepalive_expiry=30.0)
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request through the proxy."""
        transport = self._transport or self._make(await asyncio.to_thread(self._ssl_context))
        return await transport.handle_async_request(request)

    def _make(self, ssl_context: SSLContext) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            self._transport = self._transport_with(ssl_context)
        return self._transport

    def _transport_with(self, ssl_context: SSLContext) -> httpx.AsyncHTTPTransport:
        try:
            return httpx.AsyncHTTPTransport(verify=ssl_context, limits=self._limits, proxy=self._url)
        except (ImportError, ValueError) as error:
            raise BadSetting(
                "the proxy of this environment cannot be used",
                why=str(error),
                fix="Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; a SOCKS proxy needs: pip install 'httpx[socks]'",
            ) from error

    async def aclose(self) -> None:
        """Close the connections to the proxy."""
        if self._transport is not None:
            await self._transport.aclose()


def proxies_of(environ: Callable[[str], str | None]) -> dict[str, str | None]:
    """Return which URL patterns go through which proxy; None means directly."""
    found: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        if proxy := _variable(environ, f"{scheme}_proxy"):
            found[f"{scheme}://"] = proxy if "://" in proxy else f"http://{proxy}"
    if not found:
        return {}
    exceptions = [host.strip() for host in (_variable(environ, "no_proxy") or "").split(",")]
    if "*" in exceptions:
        return {}
    return found | {_pattern(host): None for host in exceptions if host}


def _variable(environ: Callable[[str], str | None], name: str) -> str | None:
    # The upper-case HTTP_PROXY can be set by a client of a CGI program (CVE-2016-1000110).
    if name == "http_proxy" and environ("REQUEST_METHOD"):
        return environ(name)
    return environ(name) or environ(name.upper())


def _pattern(host: str) -> str:
    if "://" in host:
        return host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://[{host}]" if address.version == 6 else f"all://{host}"
