"""What is known about Anthropic's models without asking: ``models.json``, and whether an address is Anthropic's own.

Sizes and capabilities are those of the model pages on platform.claude.com and of ``anthropic`` 2.12 (November 2026).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from trouplet.catalogue import Catalogue

ANTHROPIC_URL = "https://api.anthropic.com"

CATALOGUE = Catalogue.of_package("trouplet_anthropic")


def is_anthropic(base_url: str) -> bool:
    """Whether requests to this address go to Anthropic itself, which knows its newest fields and beta headers."""
    host = urlsplit(base_url).hostname or ""
    return host == "api.anthropic.com" or host.endswith(".api.anthropic.com")
