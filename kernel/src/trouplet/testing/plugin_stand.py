"""A plugin's view of a kernel, without a kernel: settings, secrets, folders and resources that a test gives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from trouplet.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import Self, TypeVar

    T = TypeVar("T")


class PluginStand:
    """A ``PluginContext`` for tests. ``async with`` closes what was made with ``resource``, last first.

    ``keys`` are API keys by name, ``environ`` is the whole environment that the plugin sees. Without ``folder``, data
    and cache go to a temporary folder that is removed at the end.
    """

    def __init__(
        self,
        plugin: str = "tested",
        *,
        config: Mapping[str, object] | None = None,
        keys: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        resources: Mapping[str, object] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.plugin = plugin
        self.config: Mapping[str, object] = config or {}
        self._keys = keys or {}
        self._environ = environ or {}
        self._resources = dict(resources or {})
        self._closers: list[Callable[[], Awaitable[object]]] = []
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def secret(self, name: str, *, variable: str) -> Secret | None:
        """Return the key ``name``, or the environment's ``variable``, or None."""
        text = self._keys.get(name) or self._environ.get(variable)
        return Secret(text) if text else None

    def environ(self, variable: str) -> str | None:
        """Return a variable of the environment that the test gave."""
        return self._environ.get(variable)

    def data_dir(self) -> Path:
        """Return the folder for data."""
        return self._made("data")

    def cache_dir(self) -> Path:
        """Return the folder for what can be made again."""
        return self._made("cache")

    def _made(self, name: str) -> Path:
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="trouplet-")
            self._folder = Path(self._temporary.name)
        made = self._folder / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    def resource(self, key: str, make: Callable[[], T], close: Callable[[T], Awaitable[object]] | None = None) -> T:
        """Return the one object ``key``, made on first use."""
        if key not in self._resources:
            made = self._resources[key] = make()
            if close is not None:
                self._closers.append(lambda: close(made))
        return cast("T", self._resources[key])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._closers:
            await self._closers.pop()()
        if self._temporary is not None:
            self._temporary.cleanup()
