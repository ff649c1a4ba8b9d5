"""``DeepSeekChatModel``: Chat Completions as DeepSeek speaks them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.catalogue import Catalogue
from trouplet.errors import MissingKey
from trouplet_completions import ChatCompletionsModel, Dialect, chat_options
from trouplet_deepseek.formatter import DeepSeekChatFormatter
from trouplet_deepseek.thinking import keep_to_the_mode, thinking_fields, thinks
from trouplet_http import extra_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from trouplet.model_io import ModelInfo
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy

DEEPSEEK_URL = "https://api.deepseek.com"
KEY_VARIABLE = "DEEPSEEK_API_KEY"
QUEUE_TIME = 300.0
"""Seconds in which a stream may say nothing: a busy DeepSeek keeps a request in its queue, up to ten minutes."""

_FIELDS = frozenset({
    "frequency_penalty", "logprobs", "presence_penalty", "reasoning_effort", "response_format", "stop",
    "stream_options", "temperature", "top_logprobs", "top_p", "user_id",
})  # fmt: skip
OPTIONS = chat_options(fields=_FIELDS, thinking=thinking_fields)


class DeepSeekChatModel(ChatCompletionsModel):
    """A chat model of DeepSeek, or of a server that speaks its dialect.

    Options are those of the README. Models think unless they are made with ``thinking=False``; only those that do not
    can be made to call a tool. ``media`` gives the loader of images. The API key may be left out for every address but
    DeepSeek's.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = DEEPSEEK_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = QUEUE_TIME,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        if not api_key and _is_deepseek(base_url):
            raise MissingKey("deepseek", variable=KEY_VARIABLE)
        info = info or model_info(model, options)
        super().__init__(
            info,
            Dialect(OPTIONS, adapt=keep_to_the_mode),
            base_url=base_url,
            api_key=api_key,
            headers=headers,
            client=client,
            formatter=formatter or DeepSeekChatFormatter.for_model(info, media=media),
            stream=stream,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
            options=options,
        )


def model_info(model: str, options: Mapping[str, object]) -> ModelInfo:
    """Return what is known about a model that runs with these options."""
    info = Catalogue.of_package("trouplet_deepseek").info("deepseek", model)
    thinking = options.get("thinking")
    fields = {} if thinking is None else thinking_fields(thinking)
    if thinks({**fields, **extra_body(options)}):
        return info
    return replace(info, capabilities=info.capabilities | {"tool_choice"})


def _is_deepseek(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "deepseek.com" or host.endswith(".deepseek.com")
