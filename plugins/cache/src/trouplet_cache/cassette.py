"""``Cassette``: recorded exchanges with models, one line of JSON each, to be read, edited and kept with the tests.

A line holds ``request`` (see ``canonical``), ``chunks`` (see ``chunk_codec``), and ``error`` when the call failed.
Secrets are taken out before anything is written.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trouplet import errors
from trouplet.errors import BadSetting, ModelError, ScriptMismatch, StateError
from trouplet_cache.canonical import digest
from trouplet_cache.chunk_codec import dump_chunk, joined, load_chunk
from trouplet_cache.difference import first_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trouplet.model_io import Chunk
    from trouplet_http import Redactor

_ERROR_FIELDS = ("what", "why", "fix", "provider", "status", "retryable", "retry_after")


@dataclass(slots=True)
class Exchange:
    """A request, what came back, and the error that ended it if one did."""

    request: Mapping[str, Any]
    chunks: Sequence[Chunk]
    error: ModelError | None = None


class Recording:
    """Writes exchanges to a file; the first one replaces what was in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = False
        self._lock = threading.Lock()

    def add(self, exchange: Exchange, redactor: Redactor) -> None:
        """Append an exchange. Blocking."""
        line = json.dumps(_dump(exchange, redactor), ensure_ascii=False) + "\n"
        with self._lock:
            flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self._begun else os.O_TRUNC)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(self._path, flags, 0o644), "wb") as file:  # noqa: PTH123  # a descriptor with its rights
                file.write(line.encode(errors="surrogatepass"))
            self._begun = True


class Replay:
    """Gives recorded exchanges back, each once; for equal requests in the order in which they were recorded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left: dict[int, Exchange] = dict(enumerate(_read(path), 1))
        self._numbers: dict[str, deque[int]] = {}
        for number, exchange in self._left.items():
            self._numbers.setdefault(digest(exchange.request), deque()).append(number)

    def take(self, request: Mapping[str, Any]) -> Exchange:
        """Return the recorded exchange of this request; ``ScriptMismatch`` when there is none left."""
        numbers = self._numbers.get(digest(request))
        if numbers:
            return self._left.pop(numbers.popleft())
        raise ScriptMismatch(
            f"{self._path} has no answer to this request of {request.get('model')}",
            provider=str(request.get("model", "")).partition(":")[0],
            why=self._nearest(request),
            fix='Correct what asks, or record again: config={"record": {…, "mode": "record"}}',
        )

    def _nearest(self, request: Mapping[str, Any]) -> str:
        if not self._left:
            return "All of its exchanges have been asked for"
        same_model = (number for number, one in self._left.items() if one.request.get("model") == request.get("model"))
        number = next(same_model, next(iter(self._left)))
        return f"Exchange {number} comes next and differs at {first_difference(self._left[number].request, request)}"


def _read(path: Path) -> list[Exchange]:
    try:
        lines = path.read_text("utf-8", "surrogatepass").splitlines()
    except OSError as error:
        raise BadSetting(
            f"the cassette {path} cannot be read", why=str(error), fix='Record it first: "mode": "record"'
        ) from error
    try:
        return [_load(json.loads(line)) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError, StateError) as error:
        raise BadSetting(f"the cassette {path} is damaged", why=str(error), fix="Record it again") from error


def _dump(exchange: Exchange, redactor: Redactor) -> dict[str, object]:
    made: dict[str, object] = {
        "request": exchange.request, "chunks": _dump_chunks(exchange.chunks, redactor),
    }  # fmt: skip
    if exchange.error is not None:
        fields = {name: getattr(exchange.error, name) for name in _ERROR_FIELDS}
        kept = {name: value for name, value in fields.items() if value not in (None, "")}
        made["error"] = redactor.data({"type": _known_type(exchange.error), **kept})
    return made


def _dump_chunks(chunks: Sequence[Chunk], redactor: Redactor) -> object:
    """Return redacted chunks. A secret may lie across several of them: where there is one, they are joined first."""
    whole = [dump_chunk(chunk) for chunk in joined(chunks)]
    redacted = redactor.data(whole)
    return [dump_chunk(chunk) for chunk in chunks] if redacted == whole else redacted


def _known_type(error: ModelError) -> str:
    """The nearest class of an error that the kernel itself has."""
    known: list[str] = [cls.__name__ for cls in type(error).__mro__ if getattr(errors, cls.__name__, None) is cls]
    return known[0]


def _load(data: Mapping[str, Any]) -> Exchange:
    chunks = [load_chunk(chunk) for chunk in data["chunks"]]
    error = dict(data["error"]) if "error" in data else None
    if error is None:
        return Exchange(data["request"], chunks)
    kind: type[ModelError] = getattr(errors, error.pop("type"), ModelError)
    return Exchange(data["request"], chunks, kind(error.pop("what"), **error))
