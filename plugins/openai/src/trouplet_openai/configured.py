"""Models and formatters from a kernel's configuration: keys, addresses and defaults looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment. ``openai-compatible`` never sends
OpenAI's own key anywhere: its key is ``api_key``, the kernel's key ``openai-compatible``, or the variable that
``api_key_variable`` names.

``api`` chooses between ``responses`` and ``chat``; left out, it is the Responses API for OpenAI itself, whose newest
models take tools nowhere else, and Chat Completions for its audio models and for every other address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_completions import ChatCompletionsFormatter
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info, usual_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.plugin_context import PluginContext
    from trouplet.ports import ChatModel, EmbeddingModel, Formatter, TokenCounter

_KEYS = {
    "openai": "OPENAI_API_KEY",
    "openai-compatible": "OPENAI_COMPATIBLE_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
}
_FORMATTER_OPTIONS = {
    "openai": ("names", "system_role", "image_detail", "reasoning_field"),
    "openai-responses": ("image_detail", "whole_messages"),
}


def configured_model(context: PluginContext, provider: str, model: str, config: Mapping[str, object]) -> ChatModel:
    """Make the model ``provider:model``; raises ``ConfigError`` when the configuration is not enough."""
    options: dict[str, Any] = {**context.config, **config}
    api = _api(options.pop("api", None))
    _connect(context, provider, model, options, api=api or "chat")
    options.setdefault("media", media_of(context))
    if (api or usual_api(model, options["base_url"])) == "responses":
        from trouplet_openai.responses import OpenAIResponsesModel

        return OpenAIResponsesModel(model, provider=provider, **options)
    from trouplet_openai.chat import OpenAIChatModel

    return OpenAIChatModel(model, provider=provider, **options)


def configured_embedding(
    context: PluginContext, provider: str, model: str, config: Mapping[str, object]
) -> EmbeddingModel:
    """Make the embedding model ``provider:model``."""
    from trouplet_openai.embedding import OpenAIEmbedding

    options: dict[str, Any] = {**context.config, **config}
    _connect(context, provider, model, options, api="embeddings")
    return OpenAIEmbedding(model, provider=provider, **options)


def configured_counter(context: PluginContext, provider: str, model: str, config: Mapping[str, object]) -> TokenCounter:
    """Make a token counter: one that asks OpenAI, or one that counts here (``offline=True``, and for others)."""
    options: dict[str, Any] = dict(config)
    offline, encoding = options.pop("offline", None), options.pop("encoding", None)
    if offline is None:
        settings = {name: value for name, value in context.config.items() if name in ("base_url", "api_key", "headers")}
        offline = not is_openai(_base_url(context, provider, model, {**settings, **options}.get("base_url")))
    if offline:
        from trouplet_openai.tiktoken_counter import TiktokenCounter

        return TiktokenCounter(model, encoding=encoding)
    from trouplet_openai.token_counter import OpenAITokenCounter

    _connect(context, provider, model, options, api="responses")
    return OpenAITokenCounter(model, media=media_of(context), **options)


def configured_formatter(context: PluginContext, name: str, config: Mapping[str, object]) -> Formatter:
    """Make the formatter of one of the two APIs from its options."""
    known = _FORMATTER_OPTIONS[name]
    for option in config:
        if option not in known:
            raise BadSetting(f"unknown option {option!r} of the formatter {name!r}", why=did_you_mean(option, known))
    options = cast("dict[str, Any]", dict(config))
    if name == "openai":
        return ChatCompletionsFormatter(media=media_of(context), **options)
    from trouplet_openai.responses_formatter import OpenAIResponsesFormatter

    return OpenAIResponsesFormatter(media=media_of(context), **options)


def _connect(context: PluginContext, provider: str, model: str, options: dict[str, Any], *, api: str) -> None:
    """Put the address, the key, the client and what is known about the model into the options."""
    key = api_key(
        context, provider, options.pop("api_key", None), variable=options.pop("api_key_variable", "") or _KEYS[provider]
    )
    options.setdefault("client", shared_client(context))
    options.setdefault("info", with_capabilities(model_info(provider, model), options.pop("capabilities", None)))
    if provider == "azure":
        from trouplet_openai.azure import azure_options

        options |= azure_options(context, model, options, key, api=api)
        return
    options["api_key"] = key
    options["base_url"] = _base_url(context, provider, model, options.pop("base_url", None))
    account = {
        "OpenAI-Organization": options.pop("organization", None) or context.environ("OPENAI_ORG_ID"),
        "OpenAI-Project": options.pop("project", None) or context.environ("OPENAI_PROJECT_ID"),
    }
    if is_openai(options["base_url"]):
        named = {name: value for name, value in account.items() if value}
        options["headers"] = named | dict(options.get("headers") or {})


def _api(given: object) -> str | None:
    if given is None or given in ("chat", "responses"):
        return str(given) if given else None
    raise BadSetting(f"api={given!r}", fix="Use 'responses' or 'chat'")


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
