"""Makes the one HTTP client of a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from trouplet_http.redaction import redact_log
from trouplet_http.transport import AsyncioTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from trouplet.plugin_context import PluginContext

RESOURCE = "http"

CONNECT_TIMEOUT = 30.0

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def shared_client(context: PluginContext) -> httpx.AsyncClient:
    """Return the kernel's client: the host's own (``Kernel(resources={"http": client})``), or one made on first use.

    A client that is made here is closed with the kernel; one that the host gave is the host's to close.
    """
    return context.resource(RESOURCE, lambda: make_client(environ=context.environ), httpx.AsyncClient.aclose)


def make_client(
    *,
    environ: Callable[[str], str | None] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    max_connections: int | None = None,
) -> httpx.AsyncClient:
    """Make a client on the fast transport, or on ``transport``.

    ``environ`` reads an environment variable: proxies (``HTTPS_PROXY``, ``NO_PROXY`` …) and trusted certificates
    (``SSL_CERT_FILE``, ``SSL_CERT_DIR``) are taken from it, or from nowhere if it is None. ``max_connections`` is by
    default 1,000, or fewer if the process may not open that many files.
    """
    redact_log("httpx")

    def ssl_context() -> SSLContext:
        return trusted_certificates(environ)

    return httpx.AsyncClient(
        transport=transport or AsyncioTransport(ssl_context=ssl_context, max_connections=max_connections),
        mounts=None if transport else _mounts(environ, ssl_context, max_connections),
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
        headers={"user-agent": "trouplet-http/0.1"},
        trust_env=False,
    )


def _mounts(
    environ: Callable[[str], str | None] | None, ssl_context: Callable[[], SSLContext], max_connections: int | None
) -> dict[str, httpx.AsyncBaseTransport | None] | None:
    if environ is None or not any(environ(name) or environ(name.lower()) for name in _PROXY_VARIABLES):
        return None
    from trouplet_http.proxies import ProxyTransport, proxies_of

    def proxy(url: str | None) -> ProxyTransport | None:
        return ProxyTransport(url, ssl_context=ssl_context, max_connections=max_connections) if url else None

    return {pattern: proxy(url) for pattern, url in proxies_of(environ).items()}


def trusted_certificates(environ: Callable[[str], str | None] | None) -> SSLContext:
    """Make the TLS context: it trusts what the environment names, or what httpx trusts. Reads files."""
    import ssl

    file = environ("SSL_CERT_FILE") if environ else None
    folder = environ("SSL_CERT_DIR") if environ else None
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    return httpx.create_ssl_context(trust_env=False)
