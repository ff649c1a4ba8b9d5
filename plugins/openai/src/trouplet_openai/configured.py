"""Models and formatters from a kernel's configuration: keys, addresses and defaults looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment. ``openai-compatible`` never sends
OpenAI's own key anywhere: its key is ``api_key``, the kernel's key ``openai-compatible``, or the variable that
``api_key_variable`` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_completions import ChatCompletionsFormatter
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info
from trouplet_openai.chat import OpenAIChatModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.plugin_context import PluginContext


KEYS = {"openai": "OPENAI_API_KEY", "openai-compatible": "OPENAI_COMPATIBLE_API_KEY"}


def configured_model(
    context: PluginContext, provider: str, model: str, config: Mapping[str, object]
) -> OpenAIChatModel:
    """Make the model ``provider:model``; raises ``ConfigError`` when the configuration is not enough."""
    options: dict[str, Any] = {**context.config, **config}
    base_url = _base_url(context, provider, model, options.pop("base_url", None))
    options.setdefault("client", shared_client(context))
    options.setdefault("media", media_of(context))
    options["api_key"] = api_key(
        context, provider, options.get("api_key"), variable=str(options.pop("api_key_variable", "") or KEYS[provider])
    )
    options.setdefault("info", with_capabilities(model_info(provider, model), options.pop("capabilities", None)))
    if is_openai(base_url):
        options.setdefault("organization", context.environ("OPENAI_ORG_ID"))
        options.setdefault("project", context.environ("OPENAI_PROJECT_ID"))
    return OpenAIChatModel(model, provider=provider, base_url=base_url, **options)


def configured_formatter(context: PluginContext, config: Mapping[str, object]) -> ChatCompletionsFormatter:
    """Make the formatter from its options."""
    known = ("names", "system_role", "image_detail", "reasoning_field")
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the formatter 'openai'", why=did_you_mean(name, known))
    return ChatCompletionsFormatter(media=media_of(context), **cast("dict[str, Any]", dict(config)))


def _base_url(context: PluginContext, provider: str, model: str, given: object) -> str:
    url = given or context.environ("OPENAI_BASE_URL")
    if not url and provider == "openai":
        return OPENAI_URL
    if not url:
        raise BadSetting(
            f"{provider}:{model} has no address",
            fix=f'Give one: kernel.model("{provider}:{model}", base_url="https://…/v1"), or set OPENAI_BASE_URL',
        )
    return checked_url(url)
