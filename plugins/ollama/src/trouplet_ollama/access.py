"""The key for Ollama: its cloud wants one, an Ollama of one's own has none.

A key that is looked up goes to Ollama's cloud and to other addresses that are encrypted, where a proxy may ask for it.
Only one that is given with the model goes wherever the model is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet.secret import Secret
from trouplet_http import api_key
from trouplet_ollama.host import is_cloud

if TYPE_CHECKING:
    from trouplet.plugin_context import PluginContext

VARIABLE = "OLLAMA_API_KEY"


def access_headers(base_url: str, key: str | Secret | None) -> dict[str, str | Secret]:
    """Return the header that carries the key; raises ``MissingKey`` for Ollama's cloud without one."""
    if key:
        text = key.reveal() if isinstance(key, Secret) else key
        return {"Authorization": Secret(f"Bearer {text}")}
    if is_cloud(base_url):
        raise MissingKey("ollama", variable=VARIABLE)
    return {}


def key_for(context: PluginContext, base_url: str, given: object) -> str | Secret | None:
    """Return the key that was given, else, for an encrypted address, the one that the kernel finds."""
    if not given and not base_url.startswith("https://"):
        return None
    return api_key(context, "ollama", given, variable=VARIABLE)
