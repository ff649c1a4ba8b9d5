"""Whether a provider's key is set, without showing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.selection import RESERVED

if TYPE_CHECKING:
    from trouplet.config import Settings
    from trouplet_cli.models_installed import Provider


def key_place(provider: Provider, settings: Settings) -> str | None:
    """Return where a provider's key comes from; empty when it is not set, None when none is needed."""
    variables = provider.catalogue.key_variables(provider.name)
    if not variables or provider.name in RESERVED:
        return None
    for variable in variables:
        if settings.environ.get(variable):
            return variable
    return "keys.json" if settings.key(provider.name) else ""


def key_text(provider: Provider, settings: Settings) -> str:
    """Return it as a sentence that says how to set a missing key."""
    place = key_place(provider, settings)
    if place is None:
        return "not needed"
    if place:
        return f"set ({place})"
    variables = " or ".join(provider.catalogue.key_variables(provider.name))
    return f"not set. Set {variables} or run: trouplet keys set {provider.name}"
