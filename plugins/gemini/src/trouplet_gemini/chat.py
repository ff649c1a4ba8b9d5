"""``GeminiChatModel``: a chat model behind generateContent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet_gemini.answer import Answer
from trouplet_gemini.answer_stream import AnswerStream
from trouplet_gemini.connection import GEMINI_URL, connect, model_path
from trouplet_gemini.formatter import GeminiFormatter
from trouplet_gemini.request_body import RequestBody
from trouplet_http import made_with, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy, ServerSentEvent


class GeminiChatModel:
    """A chat model of the Gemini API.

    ``base_url`` is the API's address, with its version (``…/v1``) or without (then ``v1beta``). The key may be left out
    for every address but Google's. ``options`` are ``temperature``, ``max_tokens``, ``thinking`` and the like, the
    API's own fields by their names, ``extra_body`` and ``extra_headers``; a request's own options override them.
    ``media`` gives the loader of media, when it is needed. A ``client`` that is given stays the caller's; without one
    the model makes its own on the first call, and ``aclose()`` closes it.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = GEMINI_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "gemini",
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        known = info or Catalogue.of_package("trouplet_gemini").info(provider, model)
        self.info = made_with(known, base_url, options)
        self.formatter: Formatter = formatter or GeminiFormatter.for_model(self.info, media=media)
        self._path = model_path(model)
        self._stream = stream
        self._body = RequestBody(model, options)
        self._client = connect(
            provider,
            base_url,
            api_key=api_key,
            headers=headers,
            options=options,
            client=client,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._stream:
            return read_answer(partial(self._events, request), AnswerStream(self.info.provider))
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        path = f"{self._path}:streamGenerateContent?alt=sse"
        return endpoint.post_stream(path, body, deadline=request.deadline, retry=request.retry)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        answer = Answer(self.info.provider)
        path = f"{self._path}:generateContent"
        told = await endpoint.post_json(path, body, deadline=request.deadline, retry=request.retry)
        chunks = answer.add(told)
        if not answer.finish_reason:
            raise answer.invalid("it has no finishReason")
        for chunk in [*chunks, *answer.finish()]:
            yield chunk

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))
