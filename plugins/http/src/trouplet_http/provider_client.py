"""What a provider's model keeps to reach its API: the client, the headers, the endpoint."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet_http.client import make_client
from trouplet_http.endpoint import Endpoint
from trouplet_http.options import header_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from trouplet.secret import Secret
    from trouplet_http.failures import DescribeError
    from trouplet_http.retry import RetryPolicy


class ProviderClient:
    """Makes the endpoint of one provider's API on first use.

    A ``client`` that is given stays the caller's; without one it makes its own, which ``aclose()`` closes.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        headers: Mapping[str, str | Secret],
        client: httpx.AsyncClient | None = None,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        describe_error: DescribeError | None = None,
    ) -> None:
        self._headers = dict(headers)
        self._client = client
        self._own_client: httpx.AsyncClient | None = None
        self._endpoint: Endpoint | None = None
        self._connect = partial(
            Endpoint,
            provider=provider,
            base_url=base_url,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
            describe_error=describe_error,
        )

    def endpoint(self, options: Mapping[str, object]) -> Endpoint:
        """Return the endpoint for a call with these options: the same one, unless they have ``extra_headers``."""
        extra = header_options(options) if options else {}
        if extra:
            return self._connect(self._http(), headers=self._headers | extra)
        if self._endpoint is None:
            self._endpoint = self._connect(self._http(), headers=self._headers)
        return self._endpoint

    async def aclose(self) -> None:
        """Close the client that was made here."""
        client, self._own_client, self._endpoint = self._own_client, None, None
        if client is not None:
            await client.aclose()

    def _http(self) -> httpx.AsyncClient:
        if self._client is not None:
            return self._client
        if self._own_client is None:
            self._own_client = make_client()
        return self._own_client
