"""``OllamaEmbedding``: an embedding model behind POST /api/embed (Ollama API reference, November 2026)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import BadSetting, InvalidResponse, ModelError
from trouplet.model_io import Embeddings, Usage
from trouplet_http import OptionTable, ProviderClient, extra_body, header_options, made_with
from trouplet_ollama.access import access_headers
from trouplet_ollama.advice import advise
from trouplet_ollama.catalogue import model_info
from trouplet_ollama.host import DEFAULT_URL, base_url_of, is_cloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from trouplet.messages import MediaBlock
    from trouplet.model_io import ModelInfo
    from trouplet.secret import Secret
    from trouplet_http import RetryPolicy

PATH = "/api/embed"
_OPTIONS = OptionTable({"keep_alive", "options", "truncate"}, settings=("dimensions",))


class OllamaEmbedding(BatchedEmbedding):
    """An embedding model that Ollama runs.

    ``dimensions`` asks for vectors that are cut to that length; without it they are as long as the catalogue says, and
    for a model that is not there it has to be given. A text that is longer than the model reads is an error, unless
    ``truncate=True`` has the rest left out. Further options are ``keep_alive``, ``options``, ``extra_body`` and
    ``extra_headers``.
    """

    batch_size = 64
    parallel_batches = 1  # one machine does the work: batches side by side would only wait for each other

    def __init__(
        self,
        model: str,
        *,
        dimensions: int | None = None,
        base_url: str = DEFAULT_URL,
        api_key: str | Secret | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        info: ModelInfo | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 600.0,
        **options: object,
    ) -> None:
        _OPTIONS.check(options)
        address = base_url_of(base_url)
        known = info or model_info(model, address)
        self.dimensions = _dimensions(dimensions, known)
        known = replace(known, kind="embedding", capabilities=frozenset(), dimensions=self.dimensions)
        self.info = made_with(known, address, options)
        self._fixed = _fixed(self.info, dimensions, options)
        self._advise = partial(advise, model=model, cloud=is_cloud(address))
        self._client = ProviderClient(
            self.info.provider,
            address,
            headers=access_headers(address, api_key) | dict(headers or {}) | header_options(options),
            client=client,
            retry=retry,
            deadline=deadline,
        )

    async def embed_batch(self, inputs: Sequence[str | MediaBlock]) -> Embeddings:
        """Ask for the vectors of one batch."""
        try:
            said = await self._client.endpoint({}).post_json(PATH, {**self._fixed, "input": list(inputs)})
        except ModelError as error:
            self._advise(error)
            raise
        tokens = said.get("prompt_eval_count")
        usage = Usage(tokens) if type(tokens) is int and tokens > 0 else Usage.not_reported()
        return Embeddings(self._vectors(said), usage)

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    def _vectors(self, said: Mapping[str, object]) -> list[list[float]]:
        found = said.get("embeddings") or said.get("embedding")  # some compatible servers have the old name
        vectors = [found] if _is_vector(found) else found
        if isinstance(vectors, list) and all([_is_vector(vector) for vector in vectors]):
            return cast("list[list[float]]", vectors)
        provider = self.info.provider
        raise InvalidResponse(f"what {provider} sent holds no embeddings", provider=provider)


def _fixed(info: ModelInfo, dimensions: int | None, options: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {"model": info.name, "truncate": False, **_OPTIONS.body_fields(options)}
    if dimensions is not None:
        fields["dimensions"] = dimensions
    return {**fields, **extra_body(options)}


def _dimensions(given: object, known: ModelInfo) -> int:
    if given is None and known.dimensions is not None:
        return known.dimensions
    if type(given) is int and given > 0:
        return given
    if given is not None:
        raise BadSetting(f"dimensions={given!r}", fix="Give a number of at least 1")
    raise BadSetting(
        f"the dimensions of {known.id} are not known", fix=f'Give them: "{known.id}", dimensions=1024, for example'
    )


def _is_vector(vector: object) -> bool:
    return isinstance(vector, list) and bool(vector) and all([type(number) in (float, int) for number in vector])
