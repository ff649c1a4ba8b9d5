"""Models and formatters from a kernel's configuration: keys, addresses and defaults looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment. ``openai-compatible`` never sends
OpenAI's own key anywhere: its key is ``api_key``, the kernel's key ``openai-compatible``, or the variable that
``api_key_variable`` names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_http import shared_client
from trouplet_openai.catalog import CAPABILITIES, OPENAI_URL, is_openai, model_info
from trouplet_openai.chat import OpenAIChatModel
from trouplet_openai.formatter import OpenAIChatFormatter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import Capability, ModelInfo
    from trouplet.plugin_context import PluginContext
    from trouplet.secret import Secret


def configured_model(
    context: PluginContext, provider: str, model: str, config: Mapping[str, object]
) -> OpenAIChatModel:
    """Make the model ``provider:model``; raises ``ConfigError`` when the configuration is not enough."""
    options: dict[str, Any] = {**context.config, **config}
    base_url = _base_url(context, provider, model, options.pop("base_url", None))
    options.setdefault("client", shared_client(context))
    options["api_key"] = _api_key(context, provider, options.get("api_key"), options.pop("api_key_variable", None))
    options.setdefault("info", _info(provider, model, options.pop("capabilities", None)))
    if is_openai(base_url):
        options.setdefault("organization", context.environ("OPENAI_ORG_ID"))
        options.setdefault("project", context.environ("OPENAI_PROJECT_ID"))
    return OpenAIChatModel(model, provider=provider, base_url=base_url, **options)


def configured_formatter(config: Mapping[str, object]) -> OpenAIChatFormatter:
    """Make the formatter from its options."""
    known = ("names", "system_role", "image_detail", "local_files", "media_limit", "video", "reasoning_field")
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the formatter 'openai'", why=did_you_mean(name, known))
    return OpenAIChatFormatter(**cast("dict[str, Any]", dict(config)))


def _base_url(context: PluginContext, provider: str, model: str, given: object) -> str:
    url = given or context.environ("OPENAI_BASE_URL")
    if not url and provider == "openai":
        return OPENAI_URL
    if not url:
        raise BadSetting(
            f"{provider}:{model} has no address",
            fix=f'Give one: kernel.model("{provider}:{model}", base_url="https://…/v1"), or set OPENAI_BASE_URL',
        )
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise BadSetting(f"base_url={url!r} is not an address", fix="It begins with https:// or http://")
    return url


def _api_key(context: PluginContext, provider: str, given: object, variable: object) -> str | Secret | None:
    if given:
        return cast("str | Secret", given)
    default = "OPENAI_API_KEY" if provider == "openai" else "OPENAI_COMPATIBLE_API_KEY"
    return context.secret(provider, variable=str(variable or default))


def _info(provider: str, model: str, capabilities: object) -> ModelInfo:
    info = model_info(provider, model)
    if capabilities is None:
        return info
    if not isinstance(capabilities, (list, tuple, set, frozenset)):
        raise BadSetting(f"capabilities={capabilities!r} is not a list", fix='For example ["tools", "vision"]')
    unknown = sorted(map(str, set(capabilities) - CAPABILITIES))
    if unknown:
        raise BadSetting(
            f"unknown capability {unknown[0]!r}",
            why=did_you_mean(unknown[0], CAPABILITIES),
            fix=f"There are: {', '.join(sorted(CAPABILITIES))}",
        )
    return replace(info, capabilities=cast("frozenset[Capability]", frozenset(capabilities)))
