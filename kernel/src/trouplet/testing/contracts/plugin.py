"""The contract of plugin classes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from trouplet.model_io import ModelInfo
from trouplet.plugin_contract import api_mistake, mistakes
from trouplet.testing.contracts.contract import Contract
from trouplet.testing.plugin_stand import PluginStand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FOREIGN: dict[str, tuple[object, ...]] = {
    "create_model": ("no-such-provider", "model", {}),
    "create_embedding_model": ("no-such-provider", "model", {}),
    "create_token_counter": ("no-such-provider", "model", {}),
    "create_formatter": ("no-such-formatter", None, {}),
    "create_toolset": ("no-such-toolset", {}),
    "create_memory": ("no-such-backend", {}),
    "create_long_term_memory": ("no-such-backend", {}),
    "create_session_store": ("no-such-backend", {}),
    "create_tracer": ("no-such-tracer", {}),
}

_HEAVY = ("pydantic", "httpx", "aiohttp", "mcp", "openai", "anthropic", "google.genai", "numpy", "structlog", "asyncio")


class PluginContract(Contract):
    """What every plugin class keeps. Give the class as ``plugin_class``.

    ``config``, ``keys`` and ``environ`` are what its instances are given. ``may_import`` names modules from the list of
    heavy ones that its module needs all the same.
    """

    plugin_class: type
    config: Mapping[str, object] = {}
    keys: Mapping[str, str] = {}
    environ: Mapping[str, str] = {}
    may_import: Sequence[str] = ()

    def make(self) -> object:
        """Return a new instance, as a kernel makes it."""
        return self.plugin_class(self._stand())

    def _stand(self) -> PluginStand:
        return PluginStand(config=self.config, keys=self.keys, environ=self.environ)

    def test_it_is_written_for_an_api_that_this_kernel_speaks(self) -> None:
        assert api_mistake(self.plugin_class) == ""

    def test_its_hooks_fit_their_specifications(self) -> None:
        assert mistakes(self.plugin_class) == []

    def test_it_is_made_from_a_context_alone(self) -> None:
        assert isinstance(self.make(), self.plugin_class)

    def test_each_kernel_gets_an_instance_of_its_own(self) -> None:
        assert self.make() is not self.make()

    def test_it_leaves_to_others_what_is_not_its_own(self) -> None:
        plugin = self.make()
        for hook, arguments in _FOREIGN.items():
            assert _call(plugin, hook, arguments) is None, f"{hook} answers for names of other plugins"

    def test_it_lists_its_models_without_asking_anybody(self) -> None:
        listed = _call(self.make(), "list_models", ())
        for info in listed or ():
            assert isinstance(info, ModelInfo)
            assert info.provider
            assert info.name

    def test_importing_it_imports_nothing_heavy(self) -> None:
        unwanted = [name for name in _HEAVY if name not in self.may_import]
        report = f"print(*[name for name in {unwanted!r} if name in sys.modules])"
        code = f"import sys, {self.plugin_class.__module__}; {report}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [], "imported with the plugin's module"


def _call(plugin: object, hook: str, arguments: tuple[object, ...]) -> Any:
    """Call a hook of a plugin as the kernel would: with the parameters that its implementation takes."""
    from inspect import signature

    from trouplet.plugin_contract import hook_parameters

    implementation = getattr(plugin, hook, None)
    if implementation is None:
        return None
    given = dict(zip(hook_parameters()[hook], arguments, strict=True))
    return implementation(**{name: given[name] for name in signature(implementation).parameters})
