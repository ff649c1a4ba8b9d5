"""``GeminiEmbedding``: texts, and media where the model takes them, as vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet.embeddings import BatchedEmbedding
from trouplet.errors import BadSetting, InvalidResponse
from trouplet.model_io import Embeddings, Usage
from trouplet.spelling import did_you_mean
from trouplet_gemini.connection import GEMINI_URL, connect, model_path
from trouplet_gemini.media_parts import MediaParts
from trouplet_http import made_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from trouplet.messages import MediaBlock
    from trouplet.model_io import ModelInfo
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy

TASKS = {
    "RETRIEVAL_QUERY": "task: search result | query: ",
    "RETRIEVAL_DOCUMENT": "title: none | text: ",
    "QUESTION_ANSWERING": "task: question answering | query: ",
    "FACT_VERIFICATION": "task: fact checking | query: ",
    "CODE_RETRIEVAL_QUERY": "task: code retrieval | query: ",
    "CLASSIFICATION": "task: classification | query: ",
    "CLUSTERING": "task: clustering | query: ",
    "SEMANTIC_SIMILARITY": "task: sentence similarity | query: ",
}
"""What vectors may be meant for, and how ``gemini-embedding-2`` is told so: in front of the text.

Source: Google's guide to embeddings (November 2026). ``gemini-embedding-001`` has a field for it.
"""

_FIRST = "gemini-embedding-001"


class GeminiEmbedding(BatchedEmbedding):
    """An embedding model of the Gemini API.

    ``dimensions`` asks for shorter vectors than the model's own; they have the length 1, like those (of
    ``gemini-embedding-001`` they come otherwise, and are divided by their length here). ``task_type`` is one of
    ``TASKS``. A ``client`` that is given stays the caller's.
    """

    batch_size = 100

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = GEMINI_URL,
        dimensions: int | None = None,
        task_type: str | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "gemini",
        info: ModelInfo | None = None,
        media: Callable[[], MediaLoader] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 120.0,
    ) -> None:
        known = info or Catalogue.of_package("trouplet_gemini").info(provider, model)
        self.info = made_with(known, base_url, {"dimensions": dimensions, "task_type": task_type})
        self.dimensions = _checked_dimensions(self.info, dimensions)
        self._asked_for = dimensions
        self._task = _checked_task(task_type)
        self._path = model_path(model)
        self._is_first = self.info.name.startswith(_FIRST)
        self._media = MediaParts(media)
        self._client = connect(
            provider, base_url, api_key=api_key, headers=headers, client=client, retry=retry, deadline=deadline
        )

    async def embed_batch(self, inputs: Sequence[str | MediaBlock]) -> Embeddings:
        """Ask the API for the vectors of one batch."""
        body = {"requests": [await self._request(one) for one in inputs]}
        told = await self._client.endpoint({}).post_json(f"{self._path}:batchEmbedContents", body)
        found = told.get("embeddings")
        if not isinstance(found, list):
            raise self._no_vectors("there are no embeddings in it")
        return Embeddings([self._vector(one) for one in found], _usage(told.get("usageMetadata")))

    async def aclose(self) -> None:
        """Close the client that the model made for itself."""
        await self._client.aclose()

    async def _request(self, one: str | MediaBlock) -> dict[str, object]:
        part = {"text": self._told(one)} if isinstance(one, str) else await self._media.part(one)
        request: dict[str, object] = {"model": self._path, "content": {"parts": [part]}}
        if self._is_first and self._task:
            request["taskType"] = self._task
        if self._asked_for is not None:
            request["outputDimensionality"] = self._asked_for
        return request

    def _told(self, text: str) -> str:
        return text if self._is_first or not self._task else TASKS[self._task] + text

    def _vector(self, found: object) -> list[float]:
        values = found.get("values") if isinstance(found, dict) else None
        if not isinstance(values, list) or not all([type(one) in (int, float) for one in values]):
            raise self._no_vectors("a vector of it is not a list of numbers")
        if self._is_first and self._asked_for is not None:
            return _of_length_one(values)
        return [float(one) for one in values]

    def _no_vectors(self, why: str) -> InvalidResponse:
        what = f"the answer of {self.info.id} is not in the form of batchEmbedContents"
        return InvalidResponse(what, why=why, provider=self.info.provider)


def _of_length_one(values: Sequence[float]) -> list[float]:
    length = sum([one * one for one in values]) ** 0.5
    return [one / length for one in values] if length else [float(one) for one in values]


def _usage(told: object) -> Usage:
    tokens = told.get("promptTokenCount") if isinstance(told, dict) else None
    return Usage(tokens) if type(tokens) is int else Usage.not_reported()


def _checked_dimensions(info: ModelInfo, given: int | None) -> int:
    dimensions = info.dimensions if given is None else given
    if type(dimensions) is int and 0 < dimensions <= (info.dimensions or dimensions):
        return dimensions
    most = f"at most {info.dimensions}" if info.dimensions else "how long the model's vectors are"
    raise BadSetting(f"dimensions={given!r} for {info.id}", fix=f"Give a number, {most}")


def _checked_task(task: str | None) -> str | None:
    if task is None or task in TASKS:
        return task
    raise BadSetting(f"task_type={task!r}", why=did_you_mean(task, TASKS), fix=f"There are: {', '.join(TASKS)}")
