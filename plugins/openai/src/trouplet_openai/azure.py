"""Azure OpenAI: where a deployment is, and how a key or a token is shown to it.

A resource has two kinds of addresses (Azure OpenAI REST reference, November 2026): the current one without a version,
``https://RESOURCE.openai.azure.com/openai/v1``, where the body names the deployment, and the older one, where the path
names it and ``api-version`` is in the query. A key goes into the header ``api-key``, a token of Entra ID into
``Authorization``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from trouplet.errors import BadSetting, MissingKey
from trouplet.secret import Secret
from trouplet_http import checked_url

if TYPE_CHECKING:
    from trouplet.plugin_context import PluginContext


def azure_options(
    context: PluginContext, deployment: str, options: dict[str, Any], key: str | Secret | None, *, api: str
) -> dict[str, Any]:
    """Return the address and the headers of a deployment; ``options`` gives up those that are only Azure's.

    The endpoint is ``base_url``, or the variable ``AZURE_OPENAI_ENDPOINT``; ``api_version``, or ``OPENAI_API_VERSION``,
    chooses the older kind of address. ``azure_ad_token``, or ``AZURE_OPENAI_AD_TOKEN``, is used instead of the key.
    """
    endpoint = options.pop("base_url", None) or context.environ("AZURE_OPENAI_ENDPOINT")
    if not endpoint:
        raise BadSetting(
            f"azure:{deployment} has no address",
            fix="Set AZURE_OPENAI_ENDPOINT, or give base_url='https://RESOURCE.openai.azure.com'",
        )
    version = options.pop("api_version", None) or context.environ("OPENAI_API_VERSION")
    token = options.pop("azure_ad_token", None) or context.environ("AZURE_OPENAI_AD_TOKEN")
    if not (key or token):
        raise MissingKey("azure", variable="AZURE_OPENAI_API_KEY")
    return {
        "base_url": _address(checked_url(endpoint).rstrip("/"), deployment, version, api=api),
        "headers": _credentials(key, token) | dict(options.get("headers") or {}),
    }


def _address(endpoint: str, deployment: str, version: str | None, *, api: str) -> str:
    resource = endpoint.removesuffix("/v1").removesuffix("/openai")
    if not version:
        return f"{resource}/openai/v1"
    if api == "responses":
        return f"{resource}/openai?api-version={quote(version)}"
    return f"{resource}/openai/deployments/{quote(deployment, safe='')}?api-version={quote(version)}"


def _credentials(key: str | Secret | None, token: str | Secret | None) -> dict[str, str | Secret]:
    if token:
        return {"Authorization": Secret(f"Bearer {token.reveal() if isinstance(token, Secret) else token}")}
    return {"api-key": key if isinstance(key, Secret) else Secret(str(key))}
