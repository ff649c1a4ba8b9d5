"""``MediaLoader``: the content of media blocks, wherever it is, for the formatters of the provider plugins.

Everything that it loads may come from somebody else's history, so it trusts nothing that is said about the content:
size and type are those of the bytes, files and peers are checked when they are open.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from trouplet.errors import BadInput, DeadlineExceeded
from trouplet.messages import Base64Source
from trouplet_http.client import trusted_certificates
from trouplet_http.media_data import LoadedMedia, decode, media_of_base64, media_of_data_url
from trouplet_http.media_download import Downloads
from trouplet_http.media_files import MediaFiles
from trouplet_http.policy_transport import PolicyTransport
from trouplet_http.transport import AsyncioTransport
from trouplet_http.url_policy import URLPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx

    from trouplet.messages import MediaBlock
    from trouplet.plugin_context import PluginContext

RESOURCE = "media"

DEFAULT_LIMIT = 20 * 1024 * 1024

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=:)")


class MediaLoader:
    """Loads the content of media blocks, and says which can be left to the provider to fetch.

    ``policy`` says what may be downloaded, ``limit`` how many bytes one medium may have, ``deadline`` how many seconds
    loading it may take, and ``max_redirects`` how often a download may be sent on. ``local_files=False`` reads no
    files; ``roots`` names the folders beneath which files may be read.

    Downloads go through ``PolicyTransport(policy)``, with no proxy. A ``transport`` of the host's own takes its place
    and is closed with the loader; only the text of each URL is then checked here.
    """

    def __init__(
        self,
        *,
        policy: URLPolicy | None = None,
        limit: int = DEFAULT_LIMIT,
        deadline: float = 60.0,
        max_redirects: int = 5,
        local_files: bool = True,
        roots: Sequence[str | Path] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._policy = policy or URLPolicy()
        self._limit = limit
        self._deadline = deadline
        self._files = MediaFiles(limit=limit, roots=roots) if local_files else None
        self._transport = transport or PolicyTransport(self._policy)
        self._downloads = Downloads(self._transport, self._policy, limit=limit, max_redirects=max_redirects)

    async def data(self, block: MediaBlock) -> LoadedMedia:
        """Return the content of a block.

        Raises ``BadInput`` for what is not there, too large, not allowed (``URLRefused``) or not what the block says
        it is, ``ConnectionFailed`` and ``DeadlineExceeded`` for what could not be loaded this time.
        """
        timer = asyncio.timeout(self._deadline)
        try:
            async with timer:
                return await self._load(block)
        except TimeoutError:
            if not timer.expired():
                raise
        raise DeadlineExceeded(
            f"the {block.type} of a message could not be loaded within {self._deadline:g} s",
            fix="Give it as a file or as data, or raise MediaLoader(deadline=...)",
        )

    def link(self, block: MediaBlock) -> str | None:
        """Return the web address of a block if the provider may be given it as it is; None if ``data`` is needed.

        That is an address which the policy allows and which does not name a host of the local network.
        """
        source = block.source
        if isinstance(source, Base64Source) or _scheme(source.url) not in ("http", "https"):
            return None
        return source.url if self._policy.may_be_public(source.url) else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _load(self, block: MediaBlock) -> LoadedMedia:
        source, kind = block.source, block.type
        if isinstance(source, Base64Source):
            text, declared, name = source.data, source.media_type, f"the {kind} in a message"
            return await decode(len(text), lambda: media_of_base64(text, declared, kind, limit=self._limit, name=name))
        url = source.url
        match _scheme(url):
            case "data":
                return await decode(len(url), lambda: media_of_data_url(url, kind, limit=self._limit))
            case "http" | "https":
                return await self._downloads.load(url, kind)
            case "file" | "":
                return await self._file(url, kind)
            case scheme:
                raise BadInput(
                    f"the {kind} of a message has an address with the scheme {scheme!r}",
                    fix="Give a path, or an http:, https:, data: or file: URL",
                )

    async def _file(self, address: str, kind: str) -> LoadedMedia:
        if self._files is None:
            raise BadInput(
                f"the {kind} {address!r} is a local file", fix="Give its data, or allow MediaLoader(local_files=True)"
            )
        # A thread: the file may be large, on a slow disk, or on a network.
        return await asyncio.to_thread(self._files.load, address, kind)


def media_loader(context: PluginContext) -> MediaLoader:
    """Return the kernel's media loader, made on first use: with the default policy and limits, closed with the kernel.

    A host gives its own, and closes it: ``Kernel(resources={"media": MediaLoader(...)})``.
    """

    def make() -> MediaLoader:
        policy = URLPolicy()
        inner = AsyncioTransport(ssl_context=lambda: trusted_certificates(context.environ))
        return MediaLoader(policy=policy, transport=PolicyTransport(policy, inner=inner))

    return context.resource(RESOURCE, make, MediaLoader.aclose)


def _scheme(address: str) -> str:
    """Return the scheme of an address in lower case; empty for a path, which may begin with a drive letter."""
    found = _SCHEME.match(address)
    scheme = found[0].lower() if found else ""
    known = scheme in ("http", "https", "data", "file")
    return scheme if known or address[len(scheme) :].startswith("://") else ""


__all__ = ["LoadedMedia", "MediaLoader", "media_loader"]
