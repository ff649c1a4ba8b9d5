"""``DashScopeChatModel``: a chat model behind text or multimodal generation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet_dashscope.access import DASHSCOPE_URL, access_headers
from trouplet_dashscope.answer import Answer
from trouplet_dashscope.answer_stream import AnswerStream, collected
from trouplet_dashscope.connection import Connection
from trouplet_dashscope.formatter import DashScopeChatFormatter
from trouplet_dashscope.provider_errors import describe_error
from trouplet_dashscope.request_body import RequestBody
from trouplet_dashscope.streaming import can_stream, must_stream
from trouplet_dashscope.thinking import without_what_thinking_costs
from trouplet_http import ProviderClient, header_options, made_with, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    import httpx

    from trouplet.model_io import Capability, Chunk, ModelInfo, ModelRequest
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy, ServerSentEvent

TEXT_PATH = "/services/aigc/text-generation/generation"
MULTIMODAL_PATH = "/services/aigc/multimodal-generation/generation"
_SENSES: frozenset[Capability] = frozenset(("audio", "video", "vision"))


class DashScopeChatModel:
    """A chat model of Alibaba Cloud's Model Studio.

    ``multimodal`` says which of the two endpoints the model is on; None: the one that its capabilities tell.
    ``workspace`` is sent with every request. ``options`` are those of the README, ``extra_body`` for fields that are
    not there, and ``extra_headers``; a request's own options override them. ``media`` gives the loader of media, when
    it is needed. A ``client`` that is given stays the caller's; without one the model makes its own on the first call,
    and ``aclose()`` closes it. The key may be left out for every address but Alibaba Cloud's.

    ``info`` has the capabilities of the model with its options: while it thinks it refuses what ``thinking`` names.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = DASHSCOPE_URL,
        workspace: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "dashscope",
        info: ModelInfo | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        multimodal: bool | None = None,
        stream: bool = True,
        retry: RetryPolicy | None = None,
        idle_timeout: float = 60.0,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        known = info or Catalogue.of_package("trouplet_dashscope").info(provider, model)
        if multimodal is None:
            multimodal = bool(known.capabilities & _SENSES)
        elif not multimodal:
            known = replace(known, capabilities=known.capabilities - _SENSES)
        self._path = MULTIMODAL_PATH if multimodal else TEXT_PATH
        self._stream = stream and can_stream(model)
        self._must_stream = must_stream(model)
        self._body = RequestBody(known, options, multimodal=multimodal)
        known = without_what_thinking_costs(known) if self._body.thinks({}) else known
        self.info = made_with(known, base_url, options)
        self.formatter: Formatter = formatter or DashScopeChatFormatter.for_model(self.info, media=media)
        access = access_headers(provider, base_url, api_key, workspace)
        self._connection = Connection(
            ProviderClient(
                provider,
                base_url,
                headers=access | dict(headers or {}) | header_options(options),
                client=client,
                retry=retry,
                idle_timeout=idle_timeout,
                deadline=deadline,
                describe_error=describe_error,
            )
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Return the answer as chunks that end with one ``Finish``; see ``trouplet.ports.ChatModel``."""
        if self._stream:
            return self._streamed(request)
        if self._must_stream or self._body.thinks(request.options):
            return collected(self._streamed(request))
        return self._whole(request)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._connection.aclose()

    def _streamed(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        return read_answer(partial(self._events, request), AnswerStream(self.info.provider))

    async def _events(self, request: ModelRequest) -> AsyncGenerator[list[ServerSentEvent], None]:
        body = await self._build(request, stream=True)
        endpoint = self._connection.endpoint(request.options, stream=True)
        return endpoint.post_stream(self._path, body, deadline=request.deadline, retry=request.retry)

    async def _whole(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        body = await self._build(request, stream=False)
        endpoint = self._connection.endpoint(request.options, stream=False)
        said = await endpoint.post_json(self._path, body, deadline=request.deadline, retry=request.retry)
        for chunk in Answer(self.info.provider).add_whole(said):
            yield chunk

    async def _build(self, request: ModelRequest, *, stream: bool) -> dict[str, object]:
        formatter = request.formatter or self.formatter
        return self._body.build(request, await formatter.format(request.messages), stream=stream)
