"""``OpenAIChatModel``: a chat model behind POST /chat/completions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.errors import MissingKey
from trouplet.secret import Secret
from trouplet_http import Endpoint, RetryPolicy, make_client
from trouplet_openai.answer import Answer
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info
from trouplet_openai.completion_stream import read_stream
from trouplet_openai.formatter import OpenAIChatFormatter
from trouplet_openai.options import header_options
from trouplet_openai.provider_errors import describe_error
from trouplet_openai.request_body import RequestBody

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet_http import ServerSentEvent

PATH = "/chat/completions"


class OpenAIChatModel:
    """A chat model of OpenAI, or of any endpoint that is compatible with its Chat Completions.

    ``options`` are the fields of the request body (``temperature``, ``max_tokens``, ``reasoning_effort``, ``seed``, …),
    ``extra_body`` for fields that are not known here, and ``extra_headers``; a request's own options override them. A
    ``client`` that is given stays the caller's; without one the model makes its own on the first call, and ``aclose()``
    closes it. ``include_usage=False`` is for endpoints that refuse ``stream_options``. The API key may be left out for
    every endpoint but OpenAI's.
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
        stream: bool = True,
        include_usage: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        base_url = base_url.rstrip("/").removesuffix(PATH)
        if not api_key and is_openai(base_url):
            raise MissingKey(provider, variable="OPENAI_API_KEY")
        self.info = info or model_info(provider, model)
        self.formatter: Formatter = formatter or OpenAIChatFormatter()
        self._body = RequestBody(model, options, base_url=base_url, stream=stream, include_usage=include_usage)
        self._client = client
        self._own_client: httpx.AsyncClient | None = None
        self._headers = _headers(api_key, organization, project) | dict(headers or {}) | header_options(options)
        self._connect = partial(
            Endpoint,
            provider=provider,
            base_url=base_url,
            retry=retry or RetryPolicy(),
            idle_timeout=idle_timeout,
            deadline=deadline,
            describe_error=describe_error,
        )
        self._endpoint: Endpoint | None = None

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._body.streams(request.options):
            return read_stream(partial(self._events, request), provider=self.info.provider)
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        client, self._own_client, self._endpoint = self._own_client, None, None
        if client is not None:
            await client.aclose()

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request)
        return self._endpoint_for(request).post_stream(PATH, body, deadline=request.deadline)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        answer = await self._endpoint_for(request).post_json(PATH, body, deadline=request.deadline)
        audio = body.get("audio")
        audio_format = str(audio.get("format", "wav")) if isinstance(audio, dict) else "wav"
        for chunk in Answer(self.info.provider).add_whole(answer, audio_format=audio_format):
            yield chunk

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))

    def _endpoint_for(self, request: ModelRequest) -> Endpoint:
        extra = header_options(request.options)
        if extra:
            return self._connect(self._http(), headers=self._headers | extra)
        if self._endpoint is None:
            self._endpoint = self._connect(self._http(), headers=self._headers)
        return self._endpoint

    def _http(self) -> httpx.AsyncClient:
        if self._client is not None:
            return self._client
        if self._own_client is None:
            self._own_client = make_client()
        return self._own_client


def _headers(api_key: str | Secret | None, organization: str | None, project: str | None) -> dict[str, str | Secret]:
    made: dict[str, str | Secret] = {}
    if api_key:
        key = api_key.reveal() if isinstance(api_key, Secret) else api_key
        made["Authorization"] = Secret(f"Bearer {key}")
    if organization:
        made["OpenAI-Organization"] = organization
    if project:
        made["OpenAI-Project"] = project
    return made
