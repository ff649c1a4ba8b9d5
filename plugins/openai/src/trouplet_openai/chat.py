"""``OpenAIChatModel``: Chat Completions as OpenAI, Azure and proxies of them speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet_completions import ChatCompletionsModel, Dialect, chat_options
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info, needs_no_effort, speaks_completion_tokens

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
        organization: str | None = None,
        project: str | None = None,
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
        super().__init__(
            info or model_info(provider, model),
            openai_dialect(model, base_url, include_usage=include_usage),
            base_url=base_url,
            api_key=api_key,
            headers=_account(organization, project) | dict(headers or {}),
            client=client,
            formatter=formatter,
            media=media,
            stream=stream,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
            options=options,
        )


def openai_dialect(model: str, base_url: str, *, include_usage: bool) -> Dialect:
    """Return how the endpoint at this address wants to be spoken to about this model."""
    max_tokens = "max_completion_tokens" if speaks_completion_tokens(base_url) else "max_tokens"
    return Dialect(
        chat_options(max_tokens=max_tokens),
        include_usage=include_usage,
        adapt=_without_effort if is_openai(base_url) and needs_no_effort(model) else None,
    )


def _without_effort(body: dict[str, object], request: ModelRequest) -> None:
    if request.tools:
        body.setdefault("reasoning_effort", "none")


def _account(organization: str | None, project: str | None) -> dict[str, str | Secret]:
    made: dict[str, str | Secret] = {}
    if organization:
        made["OpenAI-Organization"] = organization
    if project:
        made["OpenAI-Project"] = project
    return made
