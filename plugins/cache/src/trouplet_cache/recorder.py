"""Records the model calls of a kernel's runs, or answers them from a recording."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from trouplet.errors import BadSetting, ModelError, NotStorable
from trouplet.plugin_settings import PATH, check_settings, one_of
from trouplet_cache.canonical import canonical
from trouplet_cache.cassette import Exchange, Recording, Replay
from trouplet_http import Redactor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from trouplet.model_io import Chunk, ModelRequest
    from trouplet.scope import Scope

    Stream: TypeAlias = AsyncGenerator[Chunk, None]
    Call: TypeAlias = Callable[[ModelRequest], Stream]


class Recorder:
    """Passes each model call on and writes it down, or answers it from what was written down.

    The modes are ``record``, ``replay``, and ``auto``: replay if the file is there, else record. A call that is
    cancelled or not read to its end is not written down.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        check_settings("'record'", settings, {"path": PATH, "mode": one_of("record", "replay", "auto")})
        if "path" not in settings:
            raise BadSetting("'record' has no path", fix='For example {"path": "tests/cassettes/trip.jsonl"}')
        path = Path(str(settings["path"]))
        mode = settings.get("mode", "auto")
        replays = mode == "replay" or (mode == "auto" and path.exists())
        self._replay = Replay(path) if replays else None
        self._recording = Recording(path)

    def calls(self, call_next: Call, scope: Scope) -> Call:
        """Return the model calls of one run."""
        if self._replay is not None:
            return partial(self._replayed, self._replay, scope)
        return partial(self._recorded, call_next, scope)

    async def _replayed(self, replay: Replay, scope: Scope, request: ModelRequest) -> Stream:
        exchange = replay.take(await _canonical(request, scope, _redactor(scope)))
        for chunk in exchange.chunks:
            yield chunk
        if exchange.error is not None:
            raise exchange.error

    async def _recorded(self, call_next: Call, scope: Scope, request: ModelRequest) -> Stream:
        redactor = _redactor(scope)
        asked = await _canonical(request, scope, redactor)
        chunks: list[Chunk] = []
        keep = chunks.append
        try:
            async with aclosing(call_next(request)) as stream:
                async for chunk in stream:
                    keep(chunk)
                    yield chunk
        except ModelError as error:
            await asyncio.to_thread(self._recording.add, Exchange(asked, chunks, error), redactor)
            raise
        await asyncio.to_thread(self._recording.add, Exchange(asked, chunks), redactor)


def _redactor(scope: Scope) -> Redactor:
    return Redactor(scope.kernel.keys.values() if scope.kernel is not None else ())


async def _canonical(request: ModelRequest, scope: Scope, redactor: Redactor) -> dict[str, Any]:
    """Return the request as it is recorded and compared."""
    info = (request.model or scope.agent.model).info
    try:
        made = await asyncio.to_thread(lambda: redactor.data(canonical(request, info)))
    except (TypeError, ValueError) as error:
        raise NotStorable(f"a request to {info.id} cannot be recorded", why=str(error)) from error
    return cast("dict[str, Any]", made)
