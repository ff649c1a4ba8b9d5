"""``OpenAIResponsesModel``: a chat model behind POST /responses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet_completions.model import bearer
from trouplet_completions.provider_errors import describe_error
from trouplet_http import ProviderClient, header_options, made_with, read_answer
from trouplet_openai.catalog import OPENAI_URL, hosts_openai, in_responses, is_openai, model_info
from trouplet_openai.response_stream import ResponseStream
from trouplet_openai.responses_answer import ResponseAnswer
from trouplet_openai.responses_body import ResponsesBody
from trouplet_openai.responses_formatter import OpenAIResponsesFormatter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy, ServerSentEvent

PATH = "/responses"


class OpenAIResponsesModel:
    """A chat model of OpenAI's Responses API, or of an endpoint that is compatible with it.

    ``options`` are the fields of the request body (``max_tokens``, ``reasoning_effort``, ``reasoning_summary``,
    ``verbosity``, ``allowed_tools``, …), ``extra_body`` and ``extra_headers``; a request's own options override them. A
    ``client`` that is given stays the caller's; without one the model makes its own on the first call, and ``aclose()``
    closes it. The API key may be left out for every endpoint but OpenAI's.
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
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        if not api_key and is_openai(base_url):
            raise MissingKey(provider, variable="OPENAI_API_KEY")
        self.info = made_with(in_responses(info or model_info(provider, model)), base_url, options)
        self.formatter: Formatter = formatter or _formatter(self.info, media, whole_messages=not hosts_openai(base_url))
        self._stream = stream
        self._body = ResponsesBody(self.info, options, stream=stream, sampling=not is_openai(base_url))
        self._client = ProviderClient(
            provider,
            base_url.rstrip("/").removesuffix(PATH),
            headers=bearer(api_key) | dict(headers or {}) | header_options(options),
            client=client,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
            describe_error=describe_error,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._stream:
            return read_answer(partial(self._events, request), ResponseStream(self.info.provider))
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        answer = await endpoint.post_json(PATH, body, deadline=request.deadline, retry=request.retry)
        for chunk in ResponseAnswer(self.info.provider).add_whole(answer):
            yield chunk

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        return endpoint.post_stream(PATH, body, deadline=request.deadline, retry=request.retry)

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))


def _formatter(
    info: ModelInfo, media: Callable[[], MediaLoader] | None, *, whole_messages: bool
) -> OpenAIResponsesFormatter:
    made = OpenAIResponsesFormatter(whole_messages=whole_messages, media=media)
    made.fit(info)
    return made
