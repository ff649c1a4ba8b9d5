"""Other models to ask when the first one fails.

A model that has failed is left for the next one as long as nothing of its answer has reached anybody: an answer never
begins with one model and goes on with another. So a stream that breaks off after its first chunk fails as it is,
unless ``buffer`` holds every answer back until it is complete.

All models share the deadline of the call. Each attempt goes through the middleware that stands inside of the
fallback, and through the one retry layer of its provider.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting, ModelError, StreamInterrupted, Unsupported
from trouplet.kernel import split_model_id
from trouplet.model_io import Finish
from trouplet.plugin_settings import NAMES, SWITCH, check_settings
from trouplet.scope import note
from trouplet.spelling import did_you_mean
from trouplet_resilience.adapted_request import adapted
from trouplet_resilience.errors import KINDS, PASSING, AllModelsFailed
from trouplet_resilience.streams import LateStream, Opened, opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.kernel import Kernel
    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.ports import ChatModel
    from trouplet.scope import Scope
    from trouplet_resilience.streams import Call, Stream


@dataclass(slots=True, frozen=True)
class FallbackSettings:
    """Which models are asked in turn, after which errors, and whether answers are held back until they are whole."""

    models: tuple[str, ...]
    on: tuple[type[ModelError], ...]
    buffer: bool

    @classmethod
    def of(cls, given: Mapping[str, object]) -> FallbackSettings:
        """Read the plugin's settings; raises ``ConfigError``."""
        check_settings("'fallback'", given, {"models": NAMES, "on": NAMES, "buffer": SWITCH})
        models: Sequence[str] = given.get("models", ())  # type: ignore[assignment]  # checked above
        kinds: Sequence[str] = given.get("on", PASSING)  # type: ignore[assignment]
        if not models:
            raise BadSetting("'fallback' has no models", fix='For example models=["anthropic:claude-sonnet-4-5"]')
        for model in models:
            split_model_id(model)
        return cls(tuple(models), tuple([_kind(name) for name in kinds]), given.get("buffer") is True)


def _kind(name: str) -> type[ModelError]:
    if name not in KINDS:
        raise BadSetting(
            f"'fallback' knows no error {name!r}", why=did_you_mean(name, KINDS), fix=f"There are: {', '.join(KINDS)}"
        )
    return KINDS[name]


class Fallback:
    """The fallback chain of one kernel. Its models are made once."""

    def __init__(self, settings: FallbackSettings) -> None:
        self.settings = settings
        self._models: list[ChatModel] | None = None

    def models(self, kernel: Kernel) -> list[ChatModel]:
        """Return the models to fall back to."""
        if self._models is None:
            self._models = [kernel.model(name) for name in self.settings.models]
        return self._models

    def calls(self, call_next: Call, scope: Scope) -> Call:
        """Return the model calls of one run, each with this fallback."""
        return partial(self._call, call_next, scope)

    def _call(self, call_next: Call, scope: Scope, request: ModelRequest) -> Stream:
        return LateStream(partial(self._open, call_next, scope, request))

    async def _open(self, call_next: Call, scope: Scope, request: ModelRequest) -> Opened:
        """Begin the answer of the first model that gives one."""
        first = request.model or scope.agent.model
        budget = _Budget(request.deadline)
        failures: list[tuple[str, ModelError]] = []
        for model in self._chain(first, scope):
            attempt = request if model is first else adapted(request, first, model)
            try:
                answer = await self._answer(call_next, replace(attempt, deadline=budget.left), model.info)
            except ModelError as error:
                failures.append((model.info.id, error))
                if not self._goes_on(error, is_first=model is first) or budget.spent:
                    break
            else:
                if failures:
                    _note_answer(model, failures)
                return answer
        if len(failures) == 1:
            raise failures[0][1]
        failed = AllModelsFailed(failures)
        raise failed from failed.errors

    def _chain(self, first: ChatModel, scope: Scope) -> list[ChatModel]:
        assert scope.kernel is not None, "a plugin's hooks run in a kernel"
        others = self.models(scope.kernel)
        return [first, *[model for model in others if model.info.id != first.info.id]]

    def _goes_on(self, error: ModelError, *, is_first: bool) -> bool:
        """Whether the next model is asked. One that cannot do what the first one can is passed over."""
        return isinstance(error, self.settings.on) or (not is_first and isinstance(error, Unsupported))

    async def _answer(self, call_next: Call, request: ModelRequest, info: ModelInfo) -> Opened:
        stream = call_next(request)
        try:
            return await (_whole(stream) if self.settings.buffer else opened(stream))
        except StopAsyncIteration:
            raise StreamInterrupted(
                f"the answer of {info.id} ended before it was complete", provider=info.provider
            ) from None


def _note_answer(model: ChatModel, failures: Sequence[tuple[str, ModelError]]) -> None:
    reasons = "; ".join([f"{failed} failed ({error.code} {error.what})" for failed, error in failures])
    note(f"{model.info.id} answered instead: {reasons}")


async def _whole(stream: Stream) -> Opened:
    """Take a whole answer; raise what broke it off, and ``StopAsyncIteration`` when nothing says why."""
    try:
        chunks = [chunk async for chunk in stream]
    finally:
        await stream.aclose()
    if not chunks or not isinstance(chunks[-1], Finish):
        raise StopAsyncIteration
    return Opened(chunks[0], _again(chunks[1:]))


async def _again(chunks: Sequence[Chunk]) -> Stream:
    for chunk in chunks:
        yield chunk


class _Budget:
    """What is left of a call's deadline; None when there is none."""

    def __init__(self, seconds: float | None) -> None:
        self._ends = None if seconds is None else asyncio.get_running_loop().time() + seconds

    @property
    def left(self) -> float | None:
        return None if self._ends is None else max(0.0, self._ends - asyncio.get_running_loop().time())

    @property
    def spent(self) -> bool:
        return self.left == 0.0
