"""``DashScopeEmbedding``: an embedding model for text, or for text, images and video in one space."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trouplet.catalogue import Catalogue
from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import BadSetting, InvalidResponse, Unsupported
from trouplet.messages import VideoBlock
from trouplet.model_io import Embeddings, Usage
from trouplet_dashscope.access import DASHSCOPE_URL, access_headers
from trouplet_dashscope.provider_errors import describe_error, error_in_answer, is_error
from trouplet_http import LazyMedia, MediaLoader, OptionTable, ProviderClient, extra_body, header_options, made_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    from trouplet.messages import MediaBlock
    from trouplet.model_io import ModelInfo
    from trouplet.secret import Secret
    from trouplet_http import RetryPolicy

TEXT_PATH = "/services/embeddings/text-embedding/text-embedding"
MULTIMODAL_PATH = "/services/embeddings/multimodal-embedding/multimodal-embedding"

_OPTIONS = OptionTable(
    {"fps", "instruct", "max_video_frames", "res_level", "text_type"},
    settings=("dimensions", "media", "region", "workspace"),
    owned={"enable_fusion": "An input has one vector", "input": "Give it to embed()", "output_type": "It is dense"},
)


class Limits(NamedTuple):
    """What one request may hold."""

    inputs: int
    images: int = 0
    videos: int = 0


_TEXT_LIMITS = {"text-embedding-v1": Limits(25), "text-embedding-v2": Limits(25)}
_MULTIMODAL_LIMITS = {
    "qwen3-vl-embedding": Limits(20, images=5, videos=1),
    "qwen2.5-vl-embedding": Limits(20, images=5, videos=1),
    "tongyi-embedding-vision-plus": Limits(20, images=64, videos=8),
    "tongyi-embedding-vision-flash": Limits(20, images=64, videos=8),
}
_NARROWEST_TEXT, _NARROWEST_MULTIMODAL = Limits(10), Limits(20, images=1, videos=1)
_ONE_LENGTH = ("multimodal-embedding-v1",)


class DashScopeEmbedding(BatchedEmbedding):
    """An embedding model of Alibaba Cloud's Model Studio.

    ``dimensions`` is the length of the vectors; of a model that is not in the catalogue it has to be given. Options are
    ``text_type`` ("query" or "document"), ``instruct``, and of multimodal models ``fps``, ``res_level`` and
    ``max_video_frames``. Media go by web address or as data, videos by web address only. Batches keep to the limits of
    the models (Model Studio, text and multimodal embedding API references, 2026).
    """

    def __init__(
        self,
        model: str,
        *,
        dimensions: int | None = None,
        api_key: str | Secret | None = None,
        base_url: str = DASHSCOPE_URL,
        workspace: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "dashscope",
        info: ModelInfo | None = None,
        media: Callable[[], MediaLoader] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        _OPTIONS.check(options)
        known = info or Catalogue.of_package("trouplet_dashscope").info(provider, model)
        self.info = made_with(known, base_url, options)
        self.dimensions = _dimensions(self.info, dimensions)
        self._media = LazyMedia(media)
        self._multimodal = "vision" in self.info.capabilities
        self._limits = _limits(model, multimodal=self._multimodal)
        self.batch_size = self._limits.inputs
        self._parameters = _OPTIONS.body_fields(options)
        if dimensions is not None and not model.startswith(_ONE_LENGTH):
            self._parameters["dimension"] = dimensions
        self._extra = extra_body(options)
        access = access_headers(provider, base_url, api_key, workspace)
        self._client = ProviderClient(
            provider,
            base_url,
            headers=access | dict(headers or {}) | header_options(options),
            client=client,
            retry=retry,
            deadline=deadline,
            describe_error=describe_error,
        )

    async def embed_batch(self, inputs: Sequence[str | MediaBlock]) -> Embeddings:
        """Ask for the vectors of one batch: with one request, or more if it holds too many images or videos for one."""
        if not self._multimodal:
            return await self._request(TEXT_PATH, {"texts": inputs})
        made = Embeddings([], Usage.none())
        for some in self._fitting([await self._content(one) for one in inputs]):
            answer = await self._request(MULTIMODAL_PATH, {"contents": some})
            made.vectors += answer.vectors
            made.usage += answer.usage
        return made

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _content(self, one: str | MediaBlock) -> dict[str, str]:
        if isinstance(one, str):
            return {"text": one}
        link = self._media.link(one)
        if link is None and isinstance(one, VideoBlock):
            raise Unsupported(
                f"{self.info.id} takes videos by web address only", provider=self.info.provider, fix="Upload it first"
            )
        return {one.type: link or (await self._media.data(one)).data_url}

    def _fitting(self, contents: Sequence[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
        """Cut contents into what one request may hold of images and videos."""
        some: list[dict[str, str]] = []
        for content in contents:
            images = sum(["image" in one for one in [*some, content]])
            videos = sum(["video" in one for one in [*some, content]])
            if some and (images > self._limits.images or videos > self._limits.videos):
                yield some
                some = []
            some.append(content)
        yield some

    async def _request(self, path: str, inputs: Mapping[str, object]) -> Embeddings:
        body = {"model": self.info.name, "input": inputs, "parameters": self._parameters, **self._extra}
        said = await self._client.endpoint({}).post_json(path, body)
        if is_error(said):
            raise error_in_answer(said, provider=self.info.provider, partial="")
        output = said.get("output")
        listed = output.get("embeddings") if isinstance(output, dict) else None
        if not isinstance(listed, list):
            raise self._invalid("there are no embeddings in it")
        return Embeddings([self._vector(one) for one in sorted(listed, key=_place)], _usage(said.get("usage")))

    def _vector(self, one: object) -> list[float]:
        vector = one.get("embedding") if isinstance(one, dict) else None
        if not isinstance(vector, list) or not all([type(number) in (float, int) for number in vector]):
            raise self._invalid("an embedding is not a list of numbers")
        return vector

    def _invalid(self, why: str) -> InvalidResponse:
        provider = self.info.provider
        return InvalidResponse(f"the answer of {provider} holds no embeddings", why=why, provider=provider)


def _dimensions(info: ModelInfo, given: int | None) -> int:
    if given is None and info.dimensions is not None:
        return info.dimensions
    if type(given) is int and given > 0:
        return given
    if given is not None:
        raise BadSetting(f"dimensions={given!r}", fix="Give a number of at least 1")
    raise BadSetting(f"the dimensions of {info.id} are not known", fix="Give them: dimensions=1024")


def _limits(model: str, *, multimodal: bool) -> Limits:
    known, narrowest = (_MULTIMODAL_LIMITS, _NARROWEST_MULTIMODAL) if multimodal else (_TEXT_LIMITS, _NARROWEST_TEXT)
    return next((limits for name, limits in known.items() if model.startswith(name)), narrowest)


def _place(one: object) -> int:
    index = one.get("text_index", one.get("index")) if isinstance(one, dict) else None
    return index if isinstance(index, int) else 0


def _usage(told: object) -> Usage:
    """Text models tell their total, multimodal ones what is text and what is image apart from each other."""
    if not isinstance(told, dict):
        return Usage.not_reported()
    total = told.get("total_tokens")
    if type(total) is int:
        return Usage(total)
    parts = [told[name] for name in ("input_tokens", "image_tokens") if type(told.get(name)) is int]
    return Usage(sum(parts)) if parts else Usage.not_reported()
