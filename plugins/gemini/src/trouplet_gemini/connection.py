"""Where the Gemini API is, and how a client shows its key there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet.secret import Secret
from trouplet_gemini.provider_errors import describe_error
from trouplet_http import ProviderClient, header_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from trouplet_http import RetryPolicy

GEMINI_URL = "https://generativelanguage.googleapis.com"

KEY_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")

_VERSION = re.compile(r"/v\d+[a-z0-9]*/?$")


def versioned(base_url: str) -> str:
    """Return the address with the version of the API: ``/v1beta``, unless it names one.

    Google's reference documents v1beta; its SDK goes to v1, which lacks what is in preview.
    """
    return base_url if _VERSION.search(base_url) else f"{base_url.rstrip('/')}/v1beta"


def model_path(model: str) -> str:
    """Return a model's resource name, ``models/…`` unless it has another collection."""
    return model if "/" in model else f"models/{model}"


def connect(
    provider: str,
    base_url: str,
    *,
    api_key: str | Secret | None,
    headers: Mapping[str, str | Secret] | None = None,
    options: Mapping[str, object] | None = None,
    client: httpx.AsyncClient | None = None,
    retry: RetryPolicy | None = None,
    idle_timeout: float = 60.0,
    deadline: float = 600.0,
) -> ProviderClient:
    """Return a client of the API; raises ``MissingKey`` unless the address is another one than Google's."""
    if not api_key and base_url.startswith(GEMINI_URL):
        raise MissingKey(provider, variable=KEY_VARIABLES[0])
    return ProviderClient(
        provider,
        versioned(base_url),
        headers=_key_header(api_key) | dict(headers or {}) | header_options(options or {}),
        client=client,
        retry=retry,
        idle_timeout=idle_timeout,
        deadline=deadline,
        describe_error=describe_error,
    )


def _key_header(api_key: str | Secret | None) -> dict[str, str | Secret]:
    """The header that carries the key. The API takes it in the URL too, where logs and proxies would see it."""
    if not api_key:
        return {}
    return {"x-goog-api-key": api_key if isinstance(api_key, Secret) else Secret(api_key)}
