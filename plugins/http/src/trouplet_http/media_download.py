"""Media from the web: one download within a size, a number of redirects and what the URL policy allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from trouplet.errors import BadInput, ConnectionFailed
from trouplet_http.answers import close_pieces, pieces
from trouplet_http.media_data import LoadedMedia, check_size, decode, media_of_content
from trouplet_http.url_policy import shown

if TYPE_CHECKING:
    from trouplet_http.url_policy import URLPolicy

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_COMES_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_EXTENSIONS = {"timeout": httpx.Timeout(None, connect=10.0).as_dict()}  # for each address; the caller has the deadline


class Downloads:
    """Downloads media through a transport, nothing but the media: no cookies, no credentials, no compression.

    ``policy`` is asked before each request and each redirect; that the peer is checked too is up to the transport.
    There is no second try, and no time limit: the caller sets one.
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport, policy: URLPolicy, *, limit: int, max_redirects: int
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._limit = limit
        self._max_redirects = max_redirects

    async def load(self, address: str, kind: str) -> LoadedMedia:
        """Return what is at a web address; raises ``BadInput`` for what is not there, too large or not allowed."""
        url = self._policy.check_url(address)
        name = f"the {kind} at {shown(url)}"
        content = await self._get(url, kind, name)
        return await decode(len(content), lambda: media_of_content(content, kind, name))

    async def _get(self, url: httpx.URL, kind: str, name: str) -> bytes:
        for _ in range(self._max_redirects + 1):
            response = await self._send(url, kind, name)
            try:
                if response.status_code not in _REDIRECTS:
                    return await self._content(response, name)
                url = self._policy.check_url(_target(url, response, name))
            finally:
                await response.aclose()
        raise BadInput(f"{name} is behind more than {self._max_redirects} redirects")

    async def _send(self, url: httpx.URL, kind: str, name: str) -> httpx.Response:
        headers = {"accept": f"{kind}/*", "accept-encoding": "identity", "user-agent": "trouplet-http/0.1"}
        request = httpx.Request("GET", url, headers=headers, extensions=_EXTENSIONS)
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.HTTPError, OSError) as error:
            failure = _failed(name, error)
        raise failure

    async def _content(self, response: httpx.Response, name: str) -> bytes:
        self._check_head(response, name)
        parts: list[bytes] = []
        size = 0
        stream = pieces(response)
        try:
            async for part in stream:
                parts.append(part)
                size += len(part)
                check_size(size, self._limit, name)
            return b"".join(parts)
        except (httpx.HTTPError, OSError) as error:
            failure = _failed(name, error)
        finally:
            await close_pieces(stream)
        raise failure

    def _check_head(self, response: httpx.Response, name: str) -> None:
        status = response.status_code
        if status in _COMES_AGAIN:
            raise ConnectionFailed(f"{name} is not to be had now: HTTP status {status}", status=status)
        if status != 200:
            raise BadInput(f"{name} is not there: HTTP status {status}", fix="Check the address")
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise BadInput(f"{name} is compressed", why="A few bytes could become any number")
        length = response.headers.get("content-length", "")
        if length.isascii() and length.isdigit():
            check_size(int(length[:20]), self._limit, name)


def _target(url: httpx.URL, response: httpx.Response, name: str) -> httpx.URL:
    """Return where a redirect leads to."""
    location = response.headers.get("location", "")
    try:
        if location:
            return url.join(location)
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise BadInput(f"{name} is redirected to nowhere")


def _failed(name: str, error: Exception) -> ConnectionFailed:
    # Not chained: httpx's errors hold the request with its whole URL.
    return ConnectionFailed(f"{name} could not be downloaded", why=str(error) or type(error).__name__)
