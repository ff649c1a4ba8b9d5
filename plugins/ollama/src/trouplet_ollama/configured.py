"""Models, formatters and counters from a kernel's configuration: what is looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_http import media_of, shared_client, with_capabilities
from trouplet_ollama.access import key_for
from trouplet_ollama.catalogue import model_info
from trouplet_ollama.chat import OllamaChatModel
from trouplet_ollama.embedding import OllamaEmbedding
from trouplet_ollama.formatter import OllamaChatFormatter
from trouplet_ollama.host import base_url_of
from trouplet_ollama.token_counter import OllamaTokenCounter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> OllamaChatModel:
    """Make the chat model ``ollama:model``."""
    options = _access(context, {**context.config, **config})
    info = model_info(model, options["base_url"])
    options.setdefault("info", with_capabilities(info, options.pop("capabilities", None)))
    options.setdefault("media", media_of(context))
    return OllamaChatModel(model, **options)


def configured_embedding(context: PluginContext, model: str, config: Mapping[str, object]) -> OllamaEmbedding:
    """Make the embedding model ``ollama:model``. Of the plugin's settings it takes those that say where Ollama is."""
    shared = {name: value for name, value in context.config.items() if name in _OF_ACCESS}
    return OllamaEmbedding(model, **_access(context, {**shared, **config}))


def configured_formatter(
    context: PluginContext, model: ModelInfo | None, config: Mapping[str, object]
) -> OllamaChatFormatter:
    """Make the formatter, for a model if one is given. It has no options."""
    _refuse_unknown(config, (), "formatter")
    made = OllamaChatFormatter(media=media_of(context))
    if model is not None:
        made.fit(model)
    return made


def configured_token_counter(config: Mapping[str, object]) -> OllamaTokenCounter:
    """Make the token counter from its options."""
    _refuse_unknown(config, ("image_tokens",), "token counter")
    image_tokens = config.get("image_tokens")
    if image_tokens is None:
        return OllamaTokenCounter()
    if type(image_tokens) is not int or image_tokens < 0:
        raise BadSetting(f"image_tokens={image_tokens!r}", fix="Give a number of tokens")
    return OllamaTokenCounter(image_tokens=image_tokens)


_OF_ACCESS = ("api_key", "base_url", "client", "deadline", "headers", "keep_alive", "retry")


def _access(context: PluginContext, options: dict[str, Any]) -> dict[str, Any]:
    """Fill in where Ollama is and what it takes to get there."""
    options["base_url"] = base_url_of(options.get("base_url") or context.environ("OLLAMA_HOST"))
    options["api_key"] = key_for(context, options["base_url"], options.get("api_key"))
    options.setdefault("client", shared_client(context))
    return options


def _refuse_unknown(config: Mapping[str, object], known: tuple[str, ...], what: str) -> None:
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the {what} 'ollama'", why=did_you_mean(name, known))
