"""What a kernel gives to its plugins: their view of it, and the resources that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path
    from typing import Literal, TypeVar

    from trouplet.kernel import Kernel
    from trouplet.secret import Secret

    T = TypeVar("T")


class Resources:
    """What plugins share within one kernel: made on first use, closed with the kernel in reverse order."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._objects = dict(given)
        self._closers: list[Callable[[], Awaitable[object]]] = []

    def get(self, key: str, make: Callable[[], T], close: Callable[[T], Awaitable[object]] | None) -> T:
        """Return the object of a key, made if it is not there."""
        if key not in self._objects:
            made = make()
            self._objects[key] = made
            if close is not None:
                self._closers.append(lambda: close(made))
        return self._objects[key]  # type: ignore[return-value]

    async def close(self) -> None:
        """Close what was made here; every one is closed, and errors are raised together."""
        errors: list[Exception] = []
        while self._closers:
            try:
                await self._closers.pop()()
            except Exception as error:  # a plugin's code: the others are closed too
                errors.append(error)
        if errors:
            raise ExceptionGroup("errors while resources closed", errors)


class KernelContext:
    """A plugin's view of its kernel; see ``PluginContext``."""

    def __init__(self, kernel: Kernel, plugin: str) -> None:
        self._kernel = kernel
        self.plugin = plugin
        self.config: Mapping[str, object] = kernel.settings.of_plugin(plugin)

    def secret(self, name: str, *, variable: str) -> Secret | None:
        """Return an API key: the kernel's own, the environment's, or the key file's."""
        from trouplet.secret import Secret

        kernel = self._kernel
        found = kernel.keys.get(name) or kernel.settings.environ.get(variable) or kernel.settings.key(name)
        return Secret(found) if isinstance(found, str) else found

    def environ(self, variable: str) -> str | None:
        """Return an environment variable as the kernel sees it."""
        return self._kernel.settings.environ.get(variable)

    def data_dir(self) -> Path:
        """Return the plugin's data folder, made on first use."""
        return self._folder("data")

    def cache_dir(self) -> Path:
        """Return the plugin's cache folder, made on first use."""
        return self._folder("cache")

    def _folder(self, kind: Literal["data", "cache"]) -> Path:
        from pathlib import Path

        from trouplet import config

        kernel = self._kernel
        find = config.data_dir if kind == "data" else config.cache_dir
        base = kernel.folders[kind] or find(kernel.settings.environ)
        if base is None:
            raise ConfigError(f"there is no {kind} folder: HOME is not set", fix=f"Give one: Kernel({kind}_dir=...)")
        folder = Path(base, self.plugin)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def resource(self, key: str, make: Callable[[], T], close: Callable[[T], Awaitable[object]] | None = None) -> T:
        """Return the kernel's one object of this key."""
        return self._kernel.resources.get(key, make, close)
