"""``Llama``: one GGUF file loaded through xllamacpp. Everything here blocks; see ``engine`` for the asynchronous side.

xllamacpp carries llama.cpp's whole server. It is called directly and not over HTTP, but it cannot be kept from
listening. Where there are Unix sockets it listens on one in a folder that only this user can enter; elsewhere on a
loopback port that asks for a random key.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from trouplet.errors import BadSetting, MissingPart, ModelError, RequestRejected
from trouplet_local.signal_guard import signals_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

    from trouplet_local.settings import LocalSettings

_MAGIC = b"GGUF"
_PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
_SILENT = -1
_SOCKET_PATH_LIMIT = 100
_WHITE_SPACE = r"\n? {0,12}"


class Llama:
    """A loaded model. Use it from one thread at a time.

    Loading takes 1 s for 0.1 GB and 3 s for 1 GB when nothing else runs, and xllamacpp holds Python's global lock
    meanwhile.
    """

    def __init__(self, path: Path, settings: LocalSettings) -> None:
        _check_file(path)
        self._library = import_xllamacpp()
        self._folder = Path(tempfile.mkdtemp(prefix="trouplet-local-"))
        try:
            self._server: Any = self._load(path, settings)
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise BadSetting(
                f"llama.cpp cannot load {path}",
                why=f"the file is damaged or of an unknown kind, or there is no memory for n_ctx={settings.n_ctx}",
            ) from error

    def complete(
        self,
        body: Mapping[str, object],
        schema: Mapping[str, object] | None,
        on_chunk: Callable[[dict[str, Any]], bool],
    ) -> None:
        """Answer a Chat Completions request in chunks, until it is done or ``on_chunk`` returns True.

        With a ``schema`` the answer is JSON of that schema. While the prompt is read,
        chunks without a choice tell how far it has got. Raises ``RequestRejected``.
        """
        request = {**body, "stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
        if schema is not None:
            request["grammar"] = self._grammar(schema)
        problems: list[dict[str, Any]] = []

        def receive(chunk: dict[str, Any]) -> bool:
            if "error" in chunk:
                problems.append(chunk["error"])
                return True
            return on_chunk(chunk)

        try:
            self._server.handle_chat_completions(request, receive)
        except ValueError as error:
            raise RequestRejected("llama.cpp refused the request", provider="local", why=str(error)) from error
        if problems:
            raise _described(problems[0])

    def close(self) -> None:
        """Unload the model."""
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _load(self, path: Path, settings: LocalSettings) -> object:
        params = self._params(path, settings)
        with signals_kept():
            server = self._library.Server(params)
        # A server that is closed before its loop has begun hangs for ever; an answer proves that it has.
        server.handle_metrics()
        return server

    def _params(self, path: Path, settings: LocalSettings) -> object:
        params = self._library.CommonParams()
        params.model.path = str(path)
        params.n_ctx = settings.n_ctx
        params.n_batch = params.n_ubatch = settings.batch
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
        params.n_gpu_layers = settings.gpu_layers
        params.n_threads_http = 1
        params.cache_ram_mib = 0
        params.verbosity = _SILENT
        params.offline = params.endpoint_metrics = True
        params.warmup = params.ui = params.endpoint_slots = params.fit_params = False
        address = self._folder / "llama.sock"
        if hasattr(socket, "AF_UNIX") and os.name != "nt" and len(bytes(address)) < _SOCKET_PATH_LIMIT:
            params.hostnames = [str(address)]
        else:
            params.api_keys = [secrets.token_urlsafe()]
        return params

    def _grammar(self, schema: Mapping[str, object]) -> str:
        import json

        # Understood by the grammar engine that is built into most of xllamacpp's wheels, ignored by the other one.
        # White space has its bounds, since a small model may find no end of it.
        options = {"whitespace_flexible": True, "whitespace_pattern": _WHITE_SPACE, "lenient": True}
        try:
            return str(self._library.json_schema_to_grammar(json.dumps({**schema, "x-guidance": options})))
        except RuntimeError as error:
            raise RequestRejected("the schema has no grammar", provider="local", why=str(error)) from error


def import_xllamacpp() -> ModuleType:
    """Import xllamacpp so that its threads sleep while they wait; raises ``MissingPart``."""
    before = {name: os.environ.get(name) for name in _PASSIVE}
    os.environ.update({name: value for name, value in _PASSIVE.items() if before[name] is None})
    try:
        import xllamacpp  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingPart(
            "xllamacpp, which runs local models, is not installed or does not fit this machine",
            why=str(error),
            fix='Type: pip install "trouplet-local"',
        ) from error
    finally:  # OpenMP reads them when it is loaded; child processes need not inherit them
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
    return cast("ModuleType", xllamacpp)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise MissingPart(f"the model file {path} cannot be read", why=error.strerror or str(error)) from error
    if magic != _MAGIC:
        raise BadSetting(f"{path} is not a GGUF file", fix="Give a file that ends with .gguf")


def _described(problem: dict[str, Any]) -> ModelError:
    status = problem.get("code")
    if problem.get("type") == "exceed_context_size_error":
        return RequestRejected(
            f"the conversation has {problem.get('n_prompt_tokens')} tokens, the context holds {problem.get('n_ctx')}",
            provider="local",
            status=status,
            details=problem,
            fix="Make the model with a larger n_ctx, or shorten the conversation",
        )
    kind = RequestRejected if status == 400 else ModelError
    return kind(
        "llama.cpp could not answer", provider="local", status=status, details=problem, why=str(problem.get("message"))
    )
