"""``OpenAIChatModel``: Chat Completions as OpenAI, Azure and proxies of them speak it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet.scope import note
from trouplet_completions import ChatCompletionsModel, Dialect, chat_options
from trouplet_openai.catalog import OPENAI_URL, hosts_openai, in_chat, is_openai, model_info, needs_no_effort
from trouplet_openai.reasoning import drop_sampling, effort_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from trouplet.model_io import ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy


class OpenAIChatModel(ChatCompletionsModel):
    """A chat model of OpenAI, or of any endpoint that is compatible with its Chat Completions.

    Options are those of ``ChatCompletionsModel``. ``include_usage=False`` is for endpoints that refuse
    ``stream_options``. The API key may be left out for every endpoint but OpenAI's.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = OPENAI_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "openai",
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        include_usage: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        if not api_key and is_openai(base_url):
            raise MissingKey(provider, variable="OPENAI_API_KEY")
        info = in_chat(info or model_info(provider, model), base_url)
        super().__init__(
            info,
            openai_dialect(info, base_url, include_usage=include_usage),
            base_url=base_url,
            api_key=api_key,
            headers=headers,
            client=client,
            formatter=formatter,
            media=media,
            stream=stream,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
            options=options,
        )


def openai_dialect(info: ModelInfo, base_url: str, *, include_usage: bool) -> Dialect:
    """Return how the endpoint at this address wants to be spoken to about this model."""
    hosted = hosts_openai(base_url)

    def thinking(value: object) -> dict[str, object]:
        effort = effort_of(info.name, value)
        return {} if effort is None else {"reasoning_effort": effort}

    return Dialect(
        chat_options(max_tokens="max_completion_tokens" if hosted else "max_tokens", thinking=thinking),
        include_usage=include_usage,
        adapt=partial(_adapt, own=is_openai(base_url)) if hosted and "thinking" in info.capabilities else None,
    )


def _adapt(body: dict[str, object], request: ModelRequest, *, own: bool) -> None:
    """Leave out what the model would refuse; at Azure only what its name tells, since deployments have any names."""
    if request.tools and needs_no_effort(str(body["model"])) and body.get("reasoning_effort") != "none":
        body["reasoning_effort"] = "none"
        note(f"{body['model']} was asked not to reason: it takes tools in Chat Completions only then")
    if own:
        drop_sampling(body, body.get("reasoning_effort"))
