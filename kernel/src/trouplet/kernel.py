"""``Kernel``: the composition root. It finds plugins, turns names into objects, and owns what they share.

Several kernels in one process share nothing: each has its own plugin instances, settings, keys, folders and resources.
A kernel belongs to the event loop in which it is entered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import BadInput, BareModelName, KernelClosed
from trouplet.kernel_context import KernelContext, Resources
from trouplet.messages import new_id, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Any, Literal

    from trouplet.agent import ReActAgent
    from trouplet.config import Settings
    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext
    from trouplet.plugin_manager import PluginManager
    from trouplet.ports import (
        ChatModel,
        EmbeddingModel,
        Formatter,
        LongTermMemory,
        Memory,
        SessionStore,
        TokenCounter,
        Tool,
        Toolset,
        Tracer,
    )
    from trouplet.secret import Secret
    from trouplet.toolkit import Toolkit, ToolLike


class Kernel:
    """A host for agents and their plugins; use it with ``async with``.

    ``plugins`` names what may change or watch runs (hooks, tracers, tools), and may hold plugin classes of the host's
    own; models, formatters and stores are found when they are asked for. ``allow``, ``block`` and ``prefer`` are rules
    by plugin name, ``kind:name`` or distribution; block beats allow. ``config`` holds settings by plugin name, ``keys``
    API keys by provider. ``environ`` replaces the process environment, ``data_dir`` and ``cache_dir`` the user's
    folders, ``resources`` what plugins would make themselves (``{"http": my_httpx_client}``; the host closes its own).
    ``clock`` and ``new_id`` give every time and every id.
    """

    def __init__(
        self,
        *,
        plugins: Sequence[str | type[Any]] = (),
        allow: Iterable[str] | None = None,
        block: Iterable[str] = (),
        prefer: Mapping[str, str] | None = None,
        config: Mapping[str, Mapping[str, object]] | None = None,
        keys: Mapping[str, str | Secret] | None = None,
        environ: Mapping[str, str] | None = None,
        data_dir: str | Path | None = None,
        cache_dir: str | Path | None = None,
        resources: Mapping[str, object] | None = None,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.clock = clock
        self.new_id = new_id
        self.settings = _settings(_process_environment() if environ is None else environ, config)
        self.keys = keys or {}
        self.folders = {"data": data_dir, "cache": cache_dir}
        self.resources = Resources(resources or {})
        self.plugins = self._plugin_manager(plugins, allow, block, prefer)
        self._state: Literal["new", "open", "closed"] = "new"
        self._tracers: list[Tracer] = []

    def _plugin_manager(
        self,
        plugins: Sequence[str | type[Any]],
        allow: Iterable[str] | None,
        block: Iterable[str],
        prefer: Mapping[str, str] | None,
    ) -> PluginManager:
        from trouplet.builtin import BUILTIN_PLUGINS
        from trouplet.plugin_manager import PluginManager
        from trouplet.selection import Selection

        settings = self.settings
        selection = Selection.configured(settings, allow=allow, block=block, prefer=prefer)
        named = [*plugins, *(settings.rule("plugins", "TROUPLET_PLUGINS") or ())]
        return PluginManager(selection, self.context, builtins=BUILTIN_PLUGINS, plugins=named)

    def context(self, plugin: str) -> PluginContext:
        """Return what the plugin of this name is given."""
        return KernelContext(self, plugin)

    # --- life cycle

    async def __aenter__(self) -> Kernel:
        if self._state != "new":
            raise KernelClosed("a kernel is entered once", fix="Make another: Kernel(...)")
        self._state = "open"
        try:
            await self.plugins.kernel_started(self)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop the plugins and let go of what they share. Errors are raised together, after everything was closed."""
        if self._state == "closed":
            return
        self._state = "closed"
        errors: list[Exception] = []
        steps: list[Callable[[], Awaitable[object]]] = [tracer.close for tracer in self._tracers]
        for step in [*steps, lambda: self.plugins.kernel_stopping(self), self.resources.close]:
            try:
                await step()
            except Exception as error:  # plugins' code: each is closed, whatever the others do
                errors.append(error)
        if errors:
            raise ExceptionGroup("errors while the kernel closed", errors)

    async def ready(self) -> None:
        """Tell ``kernel_started`` to plugins that were loaded since; runs call it when they begin."""
        if self._state == "open" and self.plugins.has_unstarted:
            await self.plugins.kernel_started(self)

    def _check_open(self) -> None:
        if self._state == "closed":
            raise KernelClosed("the kernel is closed", fix="Use it inside of its `async with` block")

    # --- names to objects

    def agent(
        self,
        name: str,
        *,
        model: str | ChatModel,
        sys_prompt: str = "",
        formatter: str | Formatter | None = None,
        memory: str | Memory | None = None,
        toolkit: Toolkit | None = None,
        tools: Iterable[str | ToolLike] = (),
        max_iters: int = 10,
        parallel_tool_calls: bool = True,
        on_tool_error: Literal["report", "raise"] = "report",
        **unknown: object,
    ) -> ReActAgent:
        """Make a ``ReActAgent`` with this kernel's plugins; model, formatter, memory and tools may be given by name."""
        from trouplet.agent import ReActAgent

        self._check_open()
        if unknown:
            raise _unknown_parameter(unknown, ReActAgent)
        return ReActAgent(
            name,
            model=self.model(model) if isinstance(model, str) else model,
            sys_prompt=sys_prompt,
            formatter=self.formatter(formatter) if isinstance(formatter, str) else formatter,
            memory=self.memory(memory) if isinstance(memory, str) else memory,
            toolkit=toolkit,
            tools=self._resolve_tools(tools),
            max_iters=max_iters,
            parallel_tool_calls=parallel_tool_calls,
            on_tool_error=on_tool_error,
            kernel=self,
        )

    def model(self, id: str, **options: object) -> ChatModel:
        """Return the chat model ``provider:model``; ``options`` go to the provider's plugin."""
        self._check_open()
        provider, model = split_model_id(id)
        return self.plugins.create_model(provider, model, options)

    def embedding_model(self, id: str, **options: object) -> EmbeddingModel:
        """Return the embedding model ``provider:model``."""
        self._check_open()
        provider, model = split_model_id(id)
        return self.plugins.create_embedding_model(provider, model, options)

    def token_counter(self, id: str, **options: object) -> TokenCounter:
        """Return what counts tokens as ``provider:model`` does."""
        self._check_open()
        provider, model = split_model_id(id)
        return self.plugins.create_token_counter(provider, model, options)

    def formatter(self, name: str, model: ModelInfo | None = None, **options: object) -> Formatter:
        """Return the formatter of this name."""
        self._check_open()
        return self.plugins.create_formatter(name, model, options)

    def tools(self, *names: str) -> list[Tool]:
        """Return the tools that these plugins provide: ``kernel.tools("code", "files")``."""
        self._check_open()
        from trouplet.toolkit import as_tool

        return [as_tool(tool) for tool in self.plugins.provide_tools(names)]

    def toolset(self, name: str, **options: object) -> Toolset:
        """Return the toolset of this name, to be entered with ``async with``."""
        self._check_open()
        return self.plugins.create_toolset(name, options)

    def memory(self, backend: str, **options: object) -> Memory:
        """Return a working memory on this backend."""
        self._check_open()
        return self.plugins.create_memory(backend, options)

    def long_term_memory(self, backend: str, **options: object) -> LongTermMemory:
        """Return a long-term memory on this backend."""
        self._check_open()
        return self.plugins.create_long_term_memory(backend, options)

    def session_store(self, backend: str, **options: object) -> SessionStore:
        """Return a session store on this backend."""
        self._check_open()
        return self.plugins.create_session_store(backend, options)

    def tracer(self, name: str, **options: object) -> Tracer:
        """Start the tracer of this name: it watches every run of this kernel's agents that begins from now on."""
        self._check_open()
        tracer = self.plugins.create_tracer(name, options)
        self._tracers.append(tracer)
        return tracer

    def _resolve_tools(self, tools: Iterable[str | ToolLike]) -> list[ToolLike]:
        made: list[ToolLike] = []
        for tool in tools:
            made += self.tools(tool) if isinstance(tool, str) else [tool]
        return made

    # --- what agents ask

    @property
    def has_runtime_hooks(self) -> bool:
        """Whether any plugin or tracer takes part in runs."""
        return bool(self._tracers) or self.plugins.has_runtime_hooks

    @property
    def hooks_version(self) -> int:
        """A number that changes when run-time hooks are added."""
        return self.plugins.version + len(self._tracers)

    def runtime_hooks(self, name: str) -> Sequence[tuple[str, Callable[..., Any]]]:
        """Return the run-time hooks of a name with their plugins' names, in the order of the configuration."""
        found = list(self.plugins.runtime_hooks(name))
        if name == "on_event":
            found += [("tracer", _subscribes(tracer)) for tracer in self._tracers]
        return found


def _subscribes(tracer: Tracer) -> Callable[..., Any]:
    def on_event(scope: Any) -> Any:
        from trouplet.events import Event, Subscription

        handler = tracer.subscribe(scope)
        return None if handler is None else [Subscription((Event,), handler)]

    return on_event


def _process_environment() -> Mapping[str, str]:
    from os import environ

    return environ


def _settings(environ: Mapping[str, str], config: Mapping[str, Mapping[str, object]] | None) -> Settings:
    from trouplet.config import Settings

    for name, settings in (config or {}).items():
        if not hasattr(settings, "keys"):
            raise BadInput(
                f"config[{name!r}] is a {type(settings).__name__}", fix="Give a mapping of settings by plugin name"
            )
    return Settings(environ, config)


def split_model_id(id: str) -> tuple[str, str]:
    """Split ``provider:model``; raises ``BareModelName``."""
    if not isinstance(id, str):
        raise BadInput(f"a model was named with a {type(id).__name__}", fix="Write provider:model")
    provider, colon, model = id.partition(":")
    if colon and provider:
        return provider, model
    if "/" in id:
        raise BareModelName(f"{id!r} has no provider", fix=f"Did you mean {id.replace('/', ':', 1)!r}?")
    raise BareModelName(f"{id!r} has no provider", fix=f"Write provider:model, e.g. openai:{id or 'gpt-5-mini'}")


_OTHER_NAMES = {"system_prompt": "sys_prompt", "instructions": "sys_prompt", "instruction": "sys_prompt"}


def _unknown_parameter(unknown: Mapping[str, object], cls: type[ReActAgent]) -> TypeError:
    from difflib import get_close_matches
    from inspect import signature

    name = next(iter(unknown))
    known = [parameter for parameter in signature(cls.__init__).parameters if parameter not in ("self", "kernel")]
    near = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; it has: {', '.join(known)}"
    return TypeError(f"agent() has no parameter {name!r}{hint}")
