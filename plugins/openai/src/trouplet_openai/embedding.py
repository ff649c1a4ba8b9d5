"""``OpenAIEmbedding``: an embedding model behind POST /embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import BadSetting, InvalidResponse, MissingKey
from trouplet.model_io import Embeddings, Usage
from trouplet_completions.model import bearer
from trouplet_completions.provider_errors import describe_error
from trouplet_http import OptionTable, ProviderClient, extra_body, header_options, made_with
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from trouplet.messages import MediaBlock
    from trouplet.model_io import ModelInfo
    from trouplet.secret import Secret
    from trouplet_http import RetryPolicy

_OPTIONS = OptionTable({"user"}, settings=("dimensions",), owned={"input": "Give it to embed()"})


class OpenAIEmbedding(BatchedEmbedding):
    """An embedding model of OpenAI, or of any endpoint that is compatible.

    ``dimensions`` shortens the vectors of models that allow it (text-embedding-3 and later); of a model that is not in
    the catalogue it has to be given. One request holds at most 2,048 texts and 300,000 tokens (OpenAI API reference,
    Embeddings, November 2026).
    """

    batch_size = 2048
    batch_bytes = 300_000

    def __init__(
        self,
        model: str,
        *,
        dimensions: int | None = None,
        api_key: str | Secret | None = None,
        base_url: str = OPENAI_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "openai",
        info: ModelInfo | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        if not api_key and is_openai(base_url):
            raise MissingKey(provider, variable="OPENAI_API_KEY")
        _OPTIONS.check(options)
        self.info = made_with(info or model_info(provider, model), base_url, options)
        self.dimensions = _dimensions(self.info, dimensions)
        self._body = {
            "model": model,
            "encoding_format": "float",
            **_OPTIONS.body_fields(options),
            **extra_body(options),
        }
        if dimensions is not None and dimensions != self.info.dimensions:
            self._body["dimensions"] = dimensions
        self._client = ProviderClient(
            provider,
            base_url,
            headers=bearer(api_key) | dict(headers or {}) | header_options(options),
            client=client,
            retry=retry,
            deadline=deadline,
            describe_error=describe_error,
        )

    async def embed_batch(self, inputs: Sequence[str | MediaBlock]) -> Embeddings:
        """Ask for the vectors of one batch of texts."""
        answer = await self._client.endpoint({}).post_json("/embeddings", {**self._body, "input": inputs})
        data = answer.get("data")
        if not isinstance(data, list):
            raise self._invalid("there are no embeddings in it")
        return Embeddings([self._vector(one) for one in sorted(data, key=_place)], _usage(answer.get("usage")))

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    def _vector(self, one: object) -> list[float]:
        vector = one.get("embedding") if isinstance(one, dict) else None
        if not isinstance(vector, list) or not all([isinstance(number, (int, float)) for number in vector]):
            raise self._invalid("an embedding is not a list of numbers")
        return vector

    def _invalid(self, why: str) -> InvalidResponse:
        provider = self.info.provider
        return InvalidResponse(f"the answer of {provider} holds no embeddings", why=why, provider=provider)


def _dimensions(info: ModelInfo, given: int | None) -> int:
    known = given or info.dimensions
    if not isinstance(known, int) or known < 1:
        raise BadSetting(f"the dimensions of {info.id} are not known", fix="Give them: dimensions=1024")
    return known


def _place(one: object) -> int:
    index = one.get("index") if isinstance(one, dict) else None
    return index if isinstance(index, int) else 0


def _usage(usage: object) -> Usage:
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Usage(tokens) if isinstance(tokens, int) else Usage.not_reported()
