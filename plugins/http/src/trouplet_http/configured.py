"""What every provider's plugin looks up to make a model: its key, its address, what the model can do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from trouplet.errors import BadSetting
from trouplet.model_io import CAPABILITIES
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.model_io import Capability, ModelInfo
    from trouplet.plugin_context import PluginContext
    from trouplet.secret import Secret
    from trouplet_http.media import MediaLoader


def checked_url(url: object) -> str:
    """Return an address that the user gave; raises ``BadSetting`` when it is none."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise BadSetting(f"base_url={url!r} is not an address", fix="It begins with https:// or http://")
    return url


def api_key(context: PluginContext, provider: str, given: object, *, variable: str) -> str | Secret | None:
    """Return the key that was given, else the one that the kernel finds; None when there is none."""
    return cast("str | Secret", given) if given else context.secret(provider, variable=variable)


def with_capabilities(info: ModelInfo, given: object) -> ModelInfo:
    """Return what is known about a model, with the capabilities that the user says it has instead (None: as known)."""
    if given is None:
        return info
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise BadSetting(f"capabilities={given!r} is not a list", fix='For example ["tools", "vision"]')
    unknown = sorted(map(str, set(given) - CAPABILITIES))
    if unknown:
        raise BadSetting(
            f"unknown capability {unknown[0]!r}",
            why=did_you_mean(unknown[0], CAPABILITIES),
            fix=f"There are: {', '.join(sorted(CAPABILITIES))}",
        )
    return replace(info, capabilities=cast("frozenset[Capability]", frozenset(given)))


def made_with(info: ModelInfo, base_url: str, options: Mapping[str, object]) -> ModelInfo:
    """Return what is known about a model together with what this object of it was made with; headers are left out."""
    kept = {name: value for name, value in options.items() if value is not None and name != "extra_headers"}
    return replace(info, options={**kept, "base_url": base_url})


def media_of(context: PluginContext) -> Callable[[], MediaLoader]:
    """Return what gives the kernel's media loader when it is needed; most conversations never need it."""

    def loader() -> MediaLoader:
        from trouplet_http.media import media_loader

        return media_loader(context)

    return loader
