"""``OllamaChatModel``: a chat model behind POST /api/chat."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trouplet.conversation import ChatFormatter
from trouplet.errors import ModelError
from trouplet_http import ProviderClient, header_options, made_with, read_answer
from trouplet_ollama.access import access_headers
from trouplet_ollama.advice import advise
from trouplet_ollama.answer import Answer
from trouplet_ollama.catalogue import model_info, with_context
from trouplet_ollama.formatter import OllamaChatFormatter
from trouplet_ollama.host import DEFAULT_URL, base_url_of, is_cloud
from trouplet_ollama.line_stream import LineStream
from trouplet_ollama.model_card import ask_for_card, described
from trouplet_ollama.request_body import RequestBody

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy

PATH = "/api/chat"
LOADING_TIME = 300.0
"""Seconds in which a stream may say nothing: as long as Ollama itself gives a model to load (OLLAMA_LOAD_TIMEOUT)."""


class OllamaChatModel:
    """A chat model that Ollama runs, on this machine or elsewhere.

    ``base_url`` is written as ``OLLAMA_HOST`` is. ``options`` are those of the README, ``extra_body`` for fields that
    are not there, and ``extra_headers``; a request's own options override them. ``media`` gives the loader of images.
    A ``client`` that is given stays the caller's; without one the model makes its own on the first call, and
    ``aclose()`` closes it.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str = DEFAULT_URL,
        api_key: str | Secret | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = LOADING_TIME,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        address = base_url_of(base_url)
        self.info = made_with(with_context(info or model_info(model, address), options), address, options)
        self.formatter: Formatter = formatter or OllamaChatFormatter.for_model(self.info, media=media)
        self._options = options
        self._streams = stream
        self._body = RequestBody(self.info, options, stream=stream)
        self._advise = partial(advise, model=self.info.name, cloud=is_cloud(address))
        self._client = ProviderClient(
            self.info.provider,
            address,
            headers=access_headers(address, api_key) | dict(headers or {}) | header_options(options),
            client=client,
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._streams:
            return read_answer(partial(self._lines, request), LineStream(self.info.provider), advise=self._advise)
        return self._whole(request)

    async def discover(self) -> ModelInfo:
        """Ask Ollama what the model can do and how much it reads; from then on that is its ``info``.

        For models that are not in the catalogue. Do it before the first call.
        """
        try:
            card = await ask_for_card(self._client.endpoint(self._options), self.info.name)
        except ModelError as error:
            self._advise(error)
            raise
        self.info = with_context(described(self.info, card), self._options)
        self._body = RequestBody(self.info, self._options, stream=self._streams)
        if isinstance(self.formatter, ChatFormatter):
            self.formatter.fit(self.info)
        return self.info

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _lines(self, request: ModelRequest) -> AsyncGenerator[list[str], None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        return endpoint.post_lines(PATH, body, deadline=request.deadline, retry=request.retry)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request)
        endpoint = self._client.endpoint(request.options)
        try:
            said = await endpoint.post_json(PATH, body, deadline=request.deadline, retry=request.retry)
        except ModelError as error:
            self._advise(error)
            raise
        for chunk in Answer(self.info.provider).add_whole(said):
            yield chunk

    async def _build(self, request: ModelRequest) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages))
