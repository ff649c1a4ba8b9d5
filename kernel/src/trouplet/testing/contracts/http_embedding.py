"""The contract of embedding models behind HTTP: the suite plays the provider."""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from trouplet.errors import (
    AuthenticationFailed,
    InvalidResponse,
    ModelError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TroupletError,
)
from trouplet.messages import Base64Source, ImageBlock
from trouplet.testing.contracts.embedding import TEXTS, EmbeddingContract, close
from trouplet.testing.contracts.http_model.stand import API_KEY, in_order, wait_until_idle
from trouplet.testing.contracts.spoiling import spoilt_forms
from trouplet.testing.fault_server import READ, STALL, FaultServer, response
from trouplet.testing.leaks import LeakCheck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from trouplet.ports import EmbeddingModel
    from trouplet.testing.fault_server import Request, Respond, Script

_REFUSALS: dict[int, type[ModelError]] = {
    400: RequestRejected, 401: AuthenticationFailed, 403: AuthenticationFailed, 404: RequestRejected,
    413: RequestRejected, 429: RateLimited, 500: ProviderUnavailable, 503: ProviderUnavailable,
}  # fmt: skip
_RETRIED = (429, 500, 503)


class EmbeddingWire:
    """How an embedding protocol looks on the wire."""

    def inputs(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the texts that a request asks for, in order."""
        raise NotImplementedError(f"{type(self).__name__} does not say where the texts are")

    def answer(self, body: Mapping[str, Any], vectors: Sequence[list[float]], tokens: int | None) -> object:
        """Return the JSON body that answers a request; ``tokens`` is its usage, None if the provider does not tell."""
        raise NotImplementedError(f"{type(self).__name__} does not say how an answer looks")

    def refusal(self, status: int, message: str) -> object:
        """Return the JSON body of an answer with an HTTP error status."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a refusal looks")


@dataclass(slots=True)
class _Peer:
    model: EmbeddingModel
    server: FaultServer


class HTTPEmbeddingContract(EmbeddingContract):
    """What every embedding model behind HTTP keeps. Give ``wire`` and ``batch_size``, and override ``make``.

    ``batch_size`` is how many inputs one request may hold. ``dimensions`` is the length that the models are asked for,
    and ``sends_dimensions`` says that it is part of the request. ``reports_usage`` is False for a provider that never
    tells its usage.
    """

    wire: EmbeddingWire
    batch_size: int
    dimensions = 8
    sends_dimensions = True
    reports_usage = True

    def make(self, **options: object) -> EmbeddingModel:
        """Return a model that talks to ``base_url`` and whose vectors have ``dimensions`` numbers.

        The other options are ``api_key``, ``max_retries`` and ``first_wait`` (of the retry policy), and ``deadline``.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no embedding model")

    def serve(self) -> AbstractAsyncContextManager[EmbeddingModel]:
        """Return a model whose provider works."""
        return self._serving()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[EmbeddingModel]:
        async with self.peer(self.answer) as peer:
            yield peer.model

    @pytest.mark.asyncio
    async def test_batches_hold_no_more_than_the_provider_takes(self) -> None:
        texts = self._texts(2 * self.batch_size + 1)
        async with self.peer(self.answer) as peer:
            made = await peer.model.embed(texts)
        sizes = [len(self.wire.inputs(json.loads(request.body))) for request in peer.server.requests]
        assert max(sizes) <= self.batch_size, f"a request holds {max(sizes)} inputs, more than {self.batch_size}"
        assert sum(sizes) == len(texts)
        self._check_vectors(texts, made.vectors)

    @pytest.mark.asyncio
    async def test_batches_that_come_back_in_another_order_keep_their_places(self) -> None:
        numbers = count()

        def respond(request: Request) -> Script:
            slow = 0.05 if next(numbers) == 0 else 0.0
            return (slow, *_parts(self.answer(request)))

        texts = self._texts(2 * self.batch_size + 1)
        async with self.peer(respond) as peer:
            self._check_vectors(texts, (await peer.model.embed(texts)).vectors)

    @pytest.mark.asyncio
    async def test_usage_is_added_up_over_the_batches(self) -> None:
        if not self.reports_usage:
            pytest.skip("not applicable: the provider does not tell its usage")
        texts = self._texts(2 * self.batch_size + 1)
        async with self.peer(self.answer) as peer:
            made = await peer.model.embed(texts)
        assert made.usage.input_tokens == len(texts), f"the provider told {len(texts)} tokens, not {made.usage}"
        assert made.usage.calls == len(peer.server.requests)
        assert made.usage.unknown == 0

    @pytest.mark.asyncio
    async def test_usage_that_is_not_told_is_unknown_and_not_zero(self) -> None:
        async with self.peer(lambda request: self.answer(request, tell=False)) as peer:
            made = await peer.model.embed(TEXTS)
        assert made.usage.unknown == made.usage.calls >= 1, f"the provider did not tell {made.usage}"

    @pytest.mark.asyncio
    async def test_no_inputs_cost_no_request(self) -> None:
        async with self.peer(self.answer) as peer:
            await peer.model.embed([])
        assert peer.server.requests == []

    @pytest.mark.asyncio
    async def test_what_cannot_be_embedded_is_refused_before_anything_is_sent(self) -> None:
        async with self.peer(self.answer) as peer:
            wrong: list[object] = [""]
            if "vision" not in peer.model.info.capabilities:
                wrong.append(ImageBlock(Base64Source("image/png", "AAAA")))
            for one in wrong:
                with pytest.raises(TroupletError):
                    await peer.model.embed([*self._texts(self.batch_size + 1), one])  # type: ignore[list-item]
        assert peer.server.requests == []

    @pytest.mark.asyncio
    async def test_the_dimensions_are_asked_for_and_checked(self) -> None:
        async with self.peer(self.answer) as peer:
            assert peer.model.dimensions == self.dimensions
            await peer.model.embed(TEXTS)
            if self.sends_dimensions:
                assert f"{self.dimensions}" in peer.server.requests[0].body.decode(), "the dimensions are not sent"
        async with self.peer(lambda request: self.answer(request, dimensions=self.dimensions - 1)) as peer:
            await self._fails(peer, InvalidResponse, "vectors of a wrong length are taken")

    @pytest.mark.asyncio
    async def test_too_few_vectors_are_an_invalid_response(self) -> None:
        async with self.peer(lambda request: self.answer(request, lost=1)) as peer:
            await self._fails(peer, InvalidResponse, "an answer with too few vectors is taken")

    @pytest.mark.asyncio
    async def test_wrong_types_are_never_an_untyped_error(self) -> None:
        body: dict[str, object] = {}
        sound = self.wire.answer(body, [vector_of(text, self.dimensions) for text in TEXTS[:2]], 2)
        for path, spoilt in spoilt_forms(sound):
            async with self.peer(_json(spoilt)) as peer:
                try:
                    made = await peer.model.embed(TEXTS[:2])
                except ModelError:
                    continue
                except Exception as error:  # what is checked here is that nothing but a ModelError comes out
                    pytest.fail(f"an answer with a wrong {path} raises {error!r}, which is no ModelError")
            numbers = [number for vector in made.vectors for number in vector]
            assert all([isinstance(number, (int, float)) for number in numbers]), f"an answer with a wrong {path}"

    @pytest.mark.asyncio
    @pytest.mark.parametrize(("status", "kind"), _REFUSALS.items())
    async def test_every_status_is_a_typed_error_and_costs_what_it_should(
        self, status: int, kind: type[ModelError]
    ) -> None:
        refusal = _json(self.wire.refusal(status, f"No. {API_KEY}"), status=status, headers={"retry-after": "0"})
        async with self.peer(refusal, max_retries=2) as peer:
            error = await self._fails(peer, kind, f"status {status} is no {kind.__name__}")
        assert error.retryable is (status in _RETRIED)
        assert len(peer.server.requests) == (3 if status in _RETRIED else 1)
        assert API_KEY[-12:] not in f"{error}{error!r}{error.as_dict()}{vars(error)}", "the key is in the error"

    @pytest.mark.asyncio
    async def test_a_batch_that_fails_ends_the_others(self) -> None:
        numbers = count()

        def respond(request: Request) -> Script:
            return _json(self.wire.refusal(400, "No."), status=400) if next(numbers) == 0 else (b"", STALL)

        texts = self._texts(2 * self.batch_size + 1)
        async with LeakCheck(grace=self.patience), self.peer(respond) as peer:
            await self._fails(peer, RequestRejected, "a failed batch is no RequestRejected", texts)
            await wait_until_idle(peer.server, self.patience)

    @pytest.mark.asyncio
    async def test_cancellation_propagates_and_leaves_nothing(self) -> None:
        async with LeakCheck(grace=self.patience), self.peer((b"", STALL)) as peer:
            task = asyncio.create_task(_embed(peer.model, TEXTS))
            async with asyncio.timeout(self.patience):
                while not peer.server.requests:  # noqa: ASYNC110  # the server is only asked, it does not tell
                    await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.wait({task}, timeout=self.patience)
            assert task.cancelled(), "the cancellation was swallowed"
            await wait_until_idle(peer.server, self.patience)

    def answer(self, request: Request, *, dimensions: int | None = None, lost: int = 0, tell: bool = True) -> Script:
        """Return the answer of a provider that works: one token for each input."""
        body = json.loads(request.body)
        texts = self.wire.inputs(body)
        vectors = [vector_of(text, dimensions or self.dimensions) for text in texts]
        return _json(self.wire.answer(body, vectors[lost:], len(texts) if tell else None))

    @asynccontextmanager
    async def peer(self, *replies: Script | Respond, **options: object) -> AsyncIterator[_Peer]:
        """Make a model and a server that gives these replies, one a request and the last one for ever."""
        async with FaultServer(respond=in_order(replies)) as server:
            usual: dict[str, object] = {
                "api_key": API_KEY, "max_retries": 0, "first_wait": 0.01, "deadline": 3 * self.patience,
                "dimensions": self.dimensions,
            }  # fmt: skip
            model = self.make(base_url=server.url, **{**usual, **options})
            async with self.closing(model):
                yield _Peer(model, server)

    async def _fails(
        self, peer: _Peer, kind: type[ModelError], otherwise: str, texts: Sequence[str] = TEXTS
    ) -> ModelError:
        try:
            async with asyncio.timeout(self.patience):
                await peer.model.embed(texts)
        except kind as error:
            return error
        except ModelError as error:
            pytest.fail(f"{otherwise}: {error!r}")
        pytest.fail(f"{otherwise}: there is no error")

    def _texts(self, number: int) -> list[str]:
        return [f"text number {one}" for one in range(number)]

    def _check_vectors(self, texts: Iterable[str], vectors: Sequence[Sequence[float]]) -> None:
        for text, vector in zip(texts, vectors, strict=True):
            assert close(vector, vector_of(text, self.dimensions)), f"{text!r} has the vector of another input"


def vector_of(text: str, dimensions: int) -> list[float]:
    """Return the vector that the suite's provider has for a text."""
    return [zlib.crc32(f"{text} {place}".encode()) % 10_000 / 10_000 for place in range(dimensions)]


async def _embed(model: EmbeddingModel, texts: Sequence[str]) -> None:
    await model.embed(texts)


def _json(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> tuple[Any, ...]:
    return response(json.dumps(body).encode(), status=status, headers=headers), READ


def _parts(script: Script) -> Iterable[Any]:
    assert not isinstance(script, bytes)
    return script
