"""``ChatCompletionsModel``: a chat model behind POST /chat/completions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.secret import Secret
from trouplet_completions.answer import Answer
from trouplet_completions.completion_stream import CompletionStream
from trouplet_completions.formatter import ChatCompletionsFormatter
from trouplet_completions.provider_errors import describe_error
from trouplet_completions.request_body import RequestBody
from trouplet_http import ProviderClient, header_options, made_with, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet_completions.dialect import Dialect
    from trouplet_http import MediaLoader, RetryPolicy, ServerSentEvent

PATH = "/chat/completions"


class ChatCompletionsModel:
    """A chat model of any endpoint that speaks Chat Completions, in its own dialect.

    ``options`` are the dialect's (``temperature``, ``max_tokens``, …), ``extra_body`` for fields that it does not know,
    and ``extra_headers``; a request's own options override them. A ``client`` that is given stays the caller's; without
    one the model makes its own on the first call, and ``aclose()`` closes it.
    """

    def __init__(
        self,
        info: ModelInfo,
        dialect: Dialect,
        *,
        base_url: str,
        api_key: str | Secret | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        options: Mapping[str, object],
    ) -> None:
        self.info = made_with(info, base_url, options)
        self.formatter: Formatter = formatter or _formatter(info, media)
        self._body = RequestBody(info.name, options, dialect, stream=stream)
        self._client = ProviderClient(
            info.provider,
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
        if self._body.streams(request.options):
            return read_answer(partial(self._events, request), CompletionStream(self.info.provider))
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        return endpoint.post_stream(PATH, body, deadline=request.deadline, retry=request.retry)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        answer = await endpoint.post_json(PATH, body, deadline=request.deadline, retry=request.retry)
        audio = body.get("audio")
        audio_format = str(audio.get("format", "wav")) if isinstance(audio, dict) else "wav"
        for chunk in Answer(self.info.provider).add_whole(answer, audio_format=audio_format):
            yield chunk

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))


def _formatter(info: ModelInfo, media: Callable[[], MediaLoader] | None) -> ChatCompletionsFormatter:
    made = ChatCompletionsFormatter(media=media)
    made.fit(info)
    return made


def bearer(api_key: str | Secret | None) -> dict[str, str | Secret]:
    """The header that carries a key; none without a key."""
    if not api_key:
        return {}
    key = api_key.reveal() if isinstance(api_key, Secret) else api_key
    return {"Authorization": Secret(f"Bearer {key}")}
