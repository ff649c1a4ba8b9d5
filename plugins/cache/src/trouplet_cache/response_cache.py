"""A cache of models' answers: the same request to the same model is answered from disk.

Only whole answers that ended by themselves are kept, never errors or what was cut off. A hit costs nothing: its usage
is that of no call, and its ``Finish`` says in its metadata that it was ``cached``.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from trouplet.errors import NotStorable, StateError
from trouplet.model_io import Finish, Usage
from trouplet.plugin_settings import NAMES, PATH, POSITIVE, SIZE, SWITCH, TEXT, check_settings
from trouplet.ports import Formatter
from trouplet.scope import note
from trouplet_cache.canonical import canonical, digest, plain
from trouplet_cache.chunk_codec import dump_chunk, joined, load_chunk
from trouplet_cache.disk_store import MAX_BYTES, MAX_ENTRIES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from pathlib import Path

    from trouplet.model_io import Chunk, ModelInfo, ModelRequest
    from trouplet.scope import Scope
    from trouplet_cache.disk_store import DiskStore

    Stream: TypeAlias = AsyncGenerator[Chunk, None]
    Call: TypeAlias = Callable[[ModelRequest], Stream]

FORMAT = 1
"""Of what is stored; it is part of every key."""

_SETTINGS = {
    "path": PATH, "ttl": POSITIVE, "max_entries": SIZE, "max_bytes": SIZE, "only": NAMES, "sampled": SWITCH,
    "namespace": TEXT,
}  # fmt: skip


@dataclass(slots=True, frozen=True)
class CacheSettings:
    """Where and how long answers are kept, and those of which requests."""

    path: str | Path | None = None
    ttl: float | None = None
    max_entries: int = MAX_ENTRIES
    max_bytes: int = MAX_BYTES
    only: Sequence[str] = ("*",)
    sampled: bool = False
    namespace: str = ""

    @classmethod
    def of(cls, given: Mapping[str, object]) -> CacheSettings:
        """Read the plugin's settings; raises ``BadSetting``."""
        check_settings("'cache'", given, _SETTINGS)
        return cls(**cast("dict[str, Any]", dict(given)))


class ResponseCache:
    """The cache of one kernel."""

    def __init__(self, store: DiskStore, settings: CacheSettings) -> None:
        self._store = store
        self._settings = settings

    def calls(self, call_next: Call, scope: Scope) -> Call:
        """Return the model calls of one run, answered from the cache where they can be."""
        return partial(self._call, call_next, scope)

    def _call(self, call_next: Call, scope: Scope, request: ModelRequest) -> Stream:
        info = (request.model or scope.agent.model).info
        if not self._takes(request, info):
            return call_next(request)
        return self._answer(call_next, request, info)

    def _takes(self, request: ModelRequest, info: ModelInfo) -> bool:
        options = {**info.options, **request.options}
        if options.get("temperature") and not self._settings.sampled:
            return False
        return any([fnmatchcase(info.id, pattern) for pattern in self._settings.only])

    async def _answer(self, call_next: Call, request: ModelRequest, info: ModelInfo) -> Stream:
        key = await asyncio.to_thread(self._key, request, info)
        found = None if key is None else _load(await self._store.get(key))
        if found is not None:
            note(f"answers of {info.id} came from the cache")
            for chunk in found:
                yield chunk
            return
        chunks: list[Chunk] = []
        keep = chunks.append
        async with aclosing(call_next(request)) as stream:
            async for chunk in stream:
                keep(chunk)
                yield chunk
        if key is not None and _is_worth_keeping(chunks):
            await self._store.put(key, await asyncio.to_thread(_dump, chunks), ttl=self._settings.ttl)

    def _key(self, request: ModelRequest, info: ModelInfo) -> str | None:
        """Return the key of a request; None for one that has no canonical form."""
        try:
            return digest({
                "format": FORMAT,
                "namespace": self._settings.namespace,
                "made_with": plain(info.options),
                "request": canonical(request, info),
                "formatter": _described(request.formatter),
            })  # fmt: skip
        except (TypeError, ValueError, NotStorable):
            return None


def _described(formatter: Formatter | None) -> object:
    """Say what a formatter is: its class, its plain settings, and the formatters in it."""
    if formatter is None:
        return None
    made: dict[str, object] = {"class": f"{type(formatter).__module__}.{type(formatter).__qualname__}"}
    for name, value in getattr(formatter, "__dict__", {}).items():
        if value is None or isinstance(value, str | int | float):
            made[name] = value
        elif isinstance(value, Formatter):  # pyright: ignore[reportGeneralTypeIssues]  # texts are gone
            made[name] = _described(value)
    return made


def _is_worth_keeping(chunks: Sequence[Chunk]) -> bool:
    last = chunks[-1] if chunks else None
    return isinstance(last, Finish) and last.reason in ("stop", "tool_calls")


def _dump(chunks: Sequence[Chunk]) -> bytes:
    return json.dumps([dump_chunk(chunk) for chunk in joined(chunks)]).encode()


def _load(stored: bytes | None) -> list[Chunk] | None:
    """Return a stored answer, marked as such; None when there is none that can be read."""
    if stored is None:
        return None
    try:
        *chunks, finish = [load_chunk(data) for data in json.loads(stored)]
    except (ValueError, StateError):
        return None
    assert isinstance(finish, Finish), "only whole answers are stored"
    return [*chunks, replace(finish, usage=Usage.none(), metadata={**(finish.metadata or {}), "cached": True})]
