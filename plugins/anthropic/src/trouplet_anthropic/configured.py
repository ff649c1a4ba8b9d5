"""Models, formatters and counters from a kernel's configuration: keys, addresses and defaults in its plugin context.

An explicit option wins over the plugin's settings, those over the environment. A bearer token is looked for only when
there is no API key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trouplet.errors import BadSetting
from trouplet.secret import Secret
from trouplet.spelling import did_you_mean
from trouplet_anthropic.catalog import ANTHROPIC_URL, CATALOGUE
from trouplet_anthropic.chat import AnthropicChatModel
from trouplet_anthropic.formatter import AnthropicFormatter
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext
    from trouplet.ports import TokenCounter

_PROVIDER = "anthropic"
_COUNTER_OPTIONS = (
    "api_key", "api_key_variable", "auth_token", "base_url", "client", "deadline", "formatter", "headers", "media",
    "retry",
)  # fmt: skip


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> AnthropicChatModel:
    """Make the model ``anthropic:model``; raises ``ConfigError`` when the configuration is not enough."""
    options = _connection(context, {**context.config, **config})
    info = with_capabilities(CATALOGUE.info(_PROVIDER, model), options.pop("capabilities", None))
    return AnthropicChatModel(model, **{"info": info, **options})


def configured_counter(context: PluginContext, model: str, config: Mapping[str, object]) -> TokenCounter:
    """Make the token counter of ``anthropic:model``: one that asks, or with ``offline=True`` one that estimates."""
    if config.get("offline") is True:
        from trouplet_anthropic.estimate import AnthropicTokenEstimate

        return AnthropicTokenEstimate(model)
    from trouplet_anthropic.token_counter import AnthropicTokenCounter

    for name in config:
        if name not in (*_COUNTER_OPTIONS, "offline"):
            raise BadSetting(f"unknown option {name!r} of a token counter", why=did_you_mean(name, _COUNTER_OPTIONS))
    given = {name: value for name, value in {**context.config, **config}.items() if name in _COUNTER_OPTIONS}
    return AnthropicTokenCounter(model, **_connection(context, given))


def configured_formatter(
    context: PluginContext, model: ModelInfo | None, config: Mapping[str, object]
) -> AnthropicFormatter:
    """Make the formatter, which has no options."""
    if config:
        raise BadSetting(f"the formatter 'anthropic' has no option {next(iter(config))!r}")
    made = AnthropicFormatter(media=media_of(context))
    if model is not None:
        made.fit(model)
    return made


def _connection(context: PluginContext, given: Mapping[str, object]) -> dict[str, Any]:
    """Return the options with what it takes to reach the API: address, client, credentials."""
    options: dict[str, Any] = dict(given)
    options["base_url"] = checked_url(options.get("base_url") or context.environ("ANTHROPIC_BASE_URL") or ANTHROPIC_URL)
    options.setdefault("client", shared_client(context))
    options.setdefault("media", media_of(context))
    variable = str(options.pop("api_key_variable", "") or "ANTHROPIC_API_KEY")
    if options.get("api_key") or not options.get("auth_token"):
        options["api_key"] = api_key(context, _PROVIDER, options.get("api_key"), variable=variable)
        token = context.environ("ANTHROPIC_AUTH_TOKEN")
        if not options["api_key"] and token:
            options["auth_token"] = Secret(token)
    return options
