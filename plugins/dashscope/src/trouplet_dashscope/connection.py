"""The connection of a chat model: one endpoint for whole answers, one that asks for streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_http import header_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet_http import Endpoint, ProviderClient

_STREAMED = {"X-DashScope-SSE": "enable"}


class Connection:
    """Gives the endpoint for a call. It is the header, not the body, that makes an answer a stream."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client
        self._streaming: Endpoint | None = None

    def endpoint(self, options: Mapping[str, object], *, stream: bool) -> Endpoint:
        """Return the endpoint for a call with these options: the same one, unless they have ``extra_headers``."""
        if not stream:
            return self._client.endpoint(options)
        extra = header_options(options)
        if extra:
            return self._client.endpoint({"extra_headers": _STREAMED | extra})
        if self._streaming is None:
            self._streaming = self._client.endpoint({"extra_headers": _STREAMED})
        return self._streaming

    async def aclose(self) -> None:
        """Close the client that was made for the model."""
        self._streaming = None
        await self._client.aclose()
