"""The address, the version and the headers of the Messages API.

Version 2026-10-21 is the current one. It refuses ``temperature``, ``top_p`` and ``top_k``; models that take these, and
endpoints that are not Anthropic's, are spoken to in version 2023-06-01. Source: Anthropic's page on versions and its
migration guide (November 2026).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet.secret import Secret
from trouplet_anthropic.catalog import is_anthropic
from trouplet_anthropic.traits import traits_of
from trouplet_http import ProviderClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from trouplet_anthropic.traits import Traits
    from trouplet_http import RetryPolicy

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"
VERSION = "2026-10-21"
VERSION_WITH_SAMPLING = "2023-06-01"
BINDING_BETA = "thinking-binding-controls-2026-08-01"
"""Lets a request say what becomes of earlier thinking that does not fit any more."""

_BETA = "anthropic-beta"


def messages_client(
    provider: str,
    base_url: str,
    *,
    headers: Mapping[str, str | Secret],
    client: httpx.AsyncClient | None = None,
    retry: RetryPolicy | None = None,
    idle_timeout: float = 60.0,
    deadline: float = 600.0,
) -> ProviderClient:
    """Return what reaches the API; ``base_url`` may be the API's root, or end in ``/v1`` or ``/v1/messages``."""
    root = base_url.rstrip("/").removesuffix("/messages").removesuffix("/v1")
    return ProviderClient(
        provider, root, headers=headers, client=client, retry=retry, idle_timeout=idle_timeout, deadline=deadline
    )


def endpoint_traits(model: str, base_url: str) -> Traits:
    """Return how a model at this address wants to be asked; elsewhere than at Anthropic's, without what is newest."""
    traits = traits_of(model)
    return traits if is_anthropic(base_url) else replace(traits, system_turns=False, bound_thinking=False)


def headers_of(
    base_url: str, traits: Traits, *, api_key: str | Secret | None, auth_token: str | Secret | None
) -> dict[str, str | Secret]:
    """Return the headers of every request; raises ``MissingKey`` where Anthropic would refuse it for want of one."""
    if not api_key and not auth_token and is_anthropic(base_url):
        raise MissingKey("anthropic", variable="ANTHROPIC_API_KEY")
    newest = is_anthropic(base_url) and traits.sampling == "none"
    made: dict[str, str | Secret] = {"anthropic-version": VERSION if newest else VERSION_WITH_SAMPLING}
    if api_key:
        made["x-api-key"] = Secret(_text(api_key))
    elif auth_token:
        made["authorization"] = Secret(f"Bearer {_text(auth_token)}")
    return made


def own_headers(given: Mapping[str, str | Secret], traits: Traits) -> dict[str, str | Secret]:
    """Return the headers that the user gives, with the beta that bodies of this generation need among them."""
    made = {name.lower(): value for name, value in given.items()}
    if traits.bound_thinking:
        named = _text(made.get(_BETA, ""))
        made[_BETA] = f"{named},{BINDING_BETA}" if named else BINDING_BETA
    return made


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
