"""Where DashScope is and what it takes to get in: regions, workspaces, keys, headers.

Each region has a gateway that is shared by all, and one for each workspace, which the vendor recommends. Sources:
``dashscope`` 2.0.2 and the DashScope API reference (November 2026).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.errors import BadSetting, MissingKey
from trouplet.secret import Secret
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_VARIABLE = "DASHSCOPE_API_KEY"
HEADERS_VARIABLE = "DASHSCOPE_API_HEADERS"
DASHSCOPE_URL = "https://dashscope.aliyuncs.com/api/v1"

_SHARED_GATEWAYS = {
    "cn-beijing": DASHSCOPE_URL,
    "cn-hongkong": "https://cn-hongkong.dashscope.aliyuncs.com/api/v1",
    "ap-southeast-1": "https://dashscope-intl.aliyuncs.com/api/v1",
    "us-east-1": "https://dashscope-us.aliyuncs.com/api/v1",
}
_REGIONS = (*_SHARED_GATEWAYS, "ap-northeast-1", "eu-central-1")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def region_url(region: str, workspace: str | None) -> str:
    """Return the address of a region: of the workspace's gateway in it, else of the one that is shared."""
    if region not in _REGIONS:
        raise BadSetting(
            f"unknown region {region!r}",
            why=did_you_mean(region, _REGIONS),
            fix=f"There are: {', '.join(_REGIONS)}. Any other address goes into base_url",
        )
    if workspace:
        return f"https://{_checked_workspace(workspace)}.{region}.maas.aliyuncs.com/api/v1"
    shared = _SHARED_GATEWAYS.get(region)
    if shared is None:
        raise BadSetting(f"the region {region!r} has no shared gateway", fix="Name your workspace: workspace='llm-…'")
    return shared


def access_headers(
    provider: str, base_url: str, key: str | Secret | None, workspace: str | None
) -> dict[str, str | Secret]:
    """Return the headers that every request carries; raises ``MissingKey`` for Alibaba Cloud without a key."""
    if not key and (urlsplit(base_url).hostname or "").endswith(".aliyuncs.com"):
        raise MissingKey(provider, variable=KEY_VARIABLE)
    headers: dict[str, str | Secret] = {}
    if key:
        headers["Authorization"] = Secret(f"Bearer {key.reveal() if isinstance(key, Secret) else key}")
    if workspace:
        headers["X-DashScope-WorkSpace"] = _checked_workspace(workspace)
    return headers


def headers_from_environment(text: str | None) -> Mapping[str, str]:
    """Read the value of ``DASHSCOPE_API_HEADERS``, a JSON object of headers to send with every request."""
    if not text:
        return {}
    try:
        headers = json.loads(text)
    except ValueError as error:
        raise _bad_headers(str(error)) from error
    if not isinstance(headers, dict) or not all([isinstance(value, str) for value in headers.values()]):
        raise _bad_headers("It is no object of texts")
    return headers


def _bad_headers(why: str) -> BadSetting:
    fix = f'Write a JSON object, for example {HEADERS_VARIABLE}=\'{{"X-Team": "maps"}}\''
    return BadSetting(f"{HEADERS_VARIABLE} cannot be read", why=why, fix=fix)


def _checked_workspace(workspace: str) -> str:
    """Return a workspace's id, which becomes part of a host's name."""
    if not _WORKSPACE.fullmatch(workspace):
        raise BadSetting(f"workspace={workspace!r} is no id", fix="It has letters, digits, '-' and '_', at most 64")
    return workspace
