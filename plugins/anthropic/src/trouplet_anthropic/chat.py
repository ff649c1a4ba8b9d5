"""``AnthropicChatModel``: Claude behind POST /v1/messages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trouplet_anthropic.answer import Answer
from trouplet_anthropic.api import MESSAGES, endpoint_traits, headers_of, messages_client, own_headers
from trouplet_anthropic.catalog import ANTHROPIC_URL, CATALOGUE
from trouplet_anthropic.formatter import AnthropicFormatter
from trouplet_anthropic.message_stream import MessageStream
from trouplet_anthropic.options import thinks
from trouplet_anthropic.request_body import RequestBody
from trouplet_http import header_options, made_with, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_anthropic.traits import Traits
    from trouplet_http import Endpoint, MediaLoader, RetryPolicy, ServerSentEvent


class AnthropicChatModel:
    """A chat model of Anthropic, or of any endpoint that speaks its Messages API.

    ``api_key`` is sent as ``x-api-key``, ``auth_token`` as a bearer token; both may be left out for every endpoint but
    Anthropic's. ``options`` are those of the API (``max_tokens``, ``top_k``, …), the common ones, ``effort``,
    ``cache``, ``strict_tools``, ``disable_parallel_tool_use``, ``extra_body`` and ``extra_headers``; a request's own
    options override them. A ``client`` that is given stays the caller's; without one the model makes its own on the
    first call, and ``aclose()`` closes it. A model whose thinking is not shown says nothing while it thinks, hence the
    long ``idle_timeout``.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        auth_token: str | Secret | None = None,
        base_url: str = ANTHROPIC_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "anthropic",
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 300.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        self._traits = endpoint_traits(model, base_url)
        known = info or CATALOGUE.info(provider, model)
        self._body = RequestBody(known, self._traits, options, stream=stream)
        self._stream = stream
        self.info = made_with(fitted_info(known, self._traits, options), base_url, options)
        self.formatter: Formatter = formatter or _formatter(self.info, media)
        self._client = messages_client(
            provider,
            base_url,
            headers=headers_of(base_url, self._traits, api_key=api_key, auth_token=auth_token)
            | own_headers({**(headers or {}), **header_options(options)}, self._traits),
            client=client,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._stream:
            return read_answer(partial(self._events, request), MessageStream(self.info.provider))
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request)
        return self._endpoint(request).post_stream(MESSAGES, body, deadline=request.deadline, retry=request.retry)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        endpoint = self._endpoint(request)
        message = await endpoint.post_json(MESSAGES, body, deadline=request.deadline, retry=request.retry)
        for chunk in Answer(self.info.provider).add_whole(message):
            yield chunk

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))

    def _endpoint(self, request: ModelRequest) -> Endpoint:
        extra = header_options(request.options) if request.options else {}
        return self._client.endpoint({"extra_headers": own_headers(extra, self._traits)} if extra else {})


def fitted_info(info: ModelInfo, traits: Traits, options: Mapping[str, object]) -> ModelInfo:
    """Return what is known about a model, without what it cannot do with these options."""
    refused = traits.forced_tools_refused
    lost = refused == "always" or (refused == "thinking" and thinks(options, traits))
    gone = {"tool_choice"} if lost else set[str]()
    gone |= {"parallel_tools"} if options.get("disable_parallel_tool_use") is True else set()
    return replace(info, capabilities=info.capabilities - gone)


def _formatter(info: ModelInfo, media: Callable[[], MediaLoader] | None) -> AnthropicFormatter:
    made = AnthropicFormatter(media=media)
    made.fit(info)
    return made
