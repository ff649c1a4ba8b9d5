"""What a plugin is given by its kernel: settings, secrets, folders, shared resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from trouplet.secret import Secret

    T = TypeVar("T")


class PluginContext(Protocol):
    """One plugin's view of the kernel that loaded it."""

    plugin: str
    """The public name of the plugin."""
    config: Mapping[str, object]
    """The plugin's own settings in this kernel (``config={"openai": {...}}``)."""

    def secret(self, name: str, *, variable: str) -> Secret | None:
        """Return the API key ``name`` from the kernel's keys, the environment ``variable`` or the key file, or None."""
        ...

    def environ(self, variable: str) -> str | None:
        """Return an environment variable as this kernel sees it."""
        ...

    def data_dir(self) -> Path:
        """Return this plugin's folder for data that must last, made on first use."""
        ...

    def cache_dir(self) -> Path:
        """Return this plugin's folder for what can be made again, shared with other kernels unless the host says
        otherwise.
        """
        ...

    def resource(self, key: str, make: Callable[[], T], close: Callable[[T], Awaitable[object]] | None = None) -> T:
        """Return the kernel's one object ``key``, made on first use; closed with the kernel unless the host gave it.

        Hosts give their own with ``Kernel(resources={key: object})``.
        """
        ...
