"""Models, formatters and counters from a kernel's configuration: what is looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment. The variables are those of the vendor's
SDK, of its second version first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trouplet.catalogue import Catalogue
from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_dashscope.access import (
    DASHSCOPE_URL,
    HEADERS_VARIABLE,
    KEY_VARIABLE,
    headers_from_environment,
    region_url,
)
from trouplet_dashscope.formatter import DashScopeChatFormatter
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext
    from trouplet_dashscope.chat import DashScopeChatModel
    from trouplet_dashscope.embedding import DashScopeEmbedding
    from trouplet_dashscope.token_counter import DashScopeTokenCounter

_PROVIDER = "dashscope"
_OF_ACCESS = ("api_key", "base_url", "client", "deadline", "headers", "media", "region", "retry", "workspace")


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> DashScopeChatModel:
    """Make the chat model ``dashscope:model``; raises ``ConfigError`` when the configuration is not enough."""
    from trouplet_dashscope.chat import DashScopeChatModel

    options = _access(context, {**context.config, **config})
    info = with_capabilities(_info(model), options.pop("capabilities", None))
    return DashScopeChatModel(model, **{"info": info, **options})


def configured_embedding(context: PluginContext, model: str, config: Mapping[str, object]) -> DashScopeEmbedding:
    """Make the embedding model ``dashscope:model``. Of the plugin's settings it takes those that say where it is."""
    from trouplet_dashscope.embedding import DashScopeEmbedding

    shared = {name: value for name, value in context.config.items() if name in _OF_ACCESS}
    return DashScopeEmbedding(model, **_access(context, {**shared, **config}))


def configured_formatter(
    context: PluginContext, model: ModelInfo | None, config: Mapping[str, object]
) -> DashScopeChatFormatter:
    """Make the formatter, for a model if one is given. It has no options."""
    _refuse_unknown(config, (), "formatter")
    made = DashScopeChatFormatter(media=media_of(context))
    if model is not None:
        made.fit(model)
    return made


def configured_token_counter(context: PluginContext, model: str, config: Mapping[str, object]) -> DashScopeTokenCounter:
    """Make the token counter of ``dashscope:model`` from its options."""
    from trouplet_dashscope.token_counter import DashScopeTokenCounter

    _refuse_unknown(config, ("thinking", "vl_high_resolution_images"), "token counter")
    options: dict[str, Any] = dict(config)
    return DashScopeTokenCounter(model, info=_info(model), media=media_of(context), **options)


def _info(model: str) -> ModelInfo:
    return Catalogue.of_package("trouplet_dashscope").info(_PROVIDER, model)


def _access(context: PluginContext, options: dict[str, Any]) -> dict[str, Any]:
    """Fill in where DashScope is and what it takes to get there."""
    environ = context.environ
    options["workspace"] = (
        options.get("workspace") or environ("DASHSCOPE_WORKSPACE") or environ("DASHSCOPE_WORKSPACE_ID")
    )
    region = options.pop("region", None) or environ("DASHSCOPE_REGION") or environ("DASHSCOPE_API_REGION")
    address = options.get("base_url") or environ("DASHSCOPE_BASE_URL") or environ("DASHSCOPE_HTTP_BASE_URL")
    if not address:
        address = region_url(region, options["workspace"]) if region else DASHSCOPE_URL
    options["base_url"] = checked_url(address)
    variable = str(options.pop("api_key_variable", "") or KEY_VARIABLE)
    options["api_key"] = api_key(context, _PROVIDER, options.get("api_key"), variable=variable)
    options["headers"] = {**headers_from_environment(environ(HEADERS_VARIABLE)), **(options.get("headers") or {})}
    options.setdefault("client", shared_client(context))
    options.setdefault("media", media_of(context))
    return options


def _refuse_unknown(config: Mapping[str, object], known: tuple[str, ...], what: str) -> None:
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the {what} 'dashscope'", why=did_you_mean(name, known))
