"""Models, formatters, counters and embedding models from a kernel's configuration.

An explicit option wins over the plugin's settings, those over the environment: ``GEMINI_API_KEY`` or, when that is not
set, ``GOOGLE_API_KEY``; ``GOOGLE_GEMINI_BASE_URL`` for the address, as Google's SDK has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from trouplet.catalogue import Catalogue
from trouplet.errors import BadSetting
from trouplet.secret import Secret
from trouplet.spelling import did_you_mean
from trouplet_gemini.chat import GeminiChatModel
from trouplet_gemini.connection import GEMINI_URL, KEY_VARIABLES
from trouplet_gemini.embedding import GeminiEmbedding
from trouplet_gemini.formatter import GeminiFormatter
from trouplet_gemini.plugin import PROVIDER
from trouplet_gemini.token_counter import GeminiTokenCounter
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext

_CONNECTION = frozenset({
    "api_key", "api_key_variable", "base_url", "client", "deadline", "headers", "media", "provider", "retry",
})  # fmt: skip
_OF_COUNTER = _CONNECTION | {"formatter"}
_OF_EMBEDDING = _CONNECTION | {"dimensions", "info", "task_type"}
_OF_FORMATTER = frozenset({"media", "media_in_results", "signed_calls"})


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> GeminiChatModel:
    """Make the model ``gemini:model``; raises ``ConfigError`` when the configuration is not enough."""
    options = _connected(context, {**context.config, **config})
    options.setdefault("info", with_capabilities(_known(model), options.pop("capabilities", None)))
    return GeminiChatModel(model, **options)


def configured_counter(context: PluginContext, model: str, config: Mapping[str, object]) -> GeminiTokenCounter:
    """Make the token counter of ``gemini:model``."""
    return GeminiTokenCounter(model, **_connected(context, _of(context, config, _OF_COUNTER, "token counter")))


def configured_embedding(context: PluginContext, model: str, config: Mapping[str, object]) -> GeminiEmbedding:
    """Make the embedding model ``gemini:model``."""
    return GeminiEmbedding(model, **_connected(context, _of(context, config, _OF_EMBEDDING, "embedding model")))


def configured_formatter(
    context: PluginContext, model: ModelInfo | None, config: Mapping[str, object]
) -> GeminiFormatter:
    """Make the formatter from its options; what they do not say is as the model needs it."""
    _check(config, _OF_FORMATTER, "formatter")
    options: dict[str, Any] = {"media": media_of(context), **config}
    return GeminiFormatter(**options) if model is None else GeminiFormatter.for_model(model, **options)


def _connected(context: PluginContext, options: dict[str, Any]) -> dict[str, Any]:
    """The options with what a connection needs: the address, the key, the kernel's client and loader of media."""
    url = options.get("base_url") or context.environ("GOOGLE_GEMINI_BASE_URL") or GEMINI_URL
    options["base_url"] = checked_url(url)
    options["api_key"] = _key(context, options.get("api_key"), options.pop("api_key_variable", None))
    options.setdefault("client", shared_client(context))
    options.setdefault("media", media_of(context))
    return options


def _key(context: PluginContext, given: object, variable: object) -> str | Secret | None:
    """The key: from the variable that was named, or from those that Google's SDK reads."""
    first, second = (str(variable), "") if variable else KEY_VARIABLES
    found = api_key(context, PROVIDER, given, variable=first)
    other = context.environ(second) if second and not found else None
    return Secret(other) if other else found


def _known(model: str) -> ModelInfo:
    return Catalogue.of_package("trouplet_gemini").info(PROVIDER, model)


def _of(context: PluginContext, config: Mapping[str, object], known: Set[str], what: str) -> dict[str, Any]:
    """The options of something that is no chat model; of the plugin's settings, those that it has too."""
    _check(config, known, what)
    return {name: value for name, value in context.config.items() if name in known} | cast("dict[str, Any]", config)


def _check(config: Mapping[str, object], known: Set[str], what: str) -> None:
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the {what} of gemini", why=did_you_mean(name, known))
