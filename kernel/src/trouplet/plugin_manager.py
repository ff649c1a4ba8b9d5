"""The plugins of one kernel, behind typed methods.

A plugin is loaded when its name is asked for, and registered with a pluggy manager that belongs to this kernel alone;
two kernels never share an instance. A factory is asked of the host's own plugin classes first, in their order, then of
the one plugin that owns the name; the factories of other plugins are never called.

What may change or watch runs takes part only when it was named: the plugins that were given to the constructor, and
those that ``activate`` adds. A plugin that was loaded for its models alone has no say in runs, whatever it implements.

A manager belongs to its kernel's event loop; it is not safe to use from several threads.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, cast

from trouplet import hookspecs
from trouplet.errors import HookFailed, PluginNotFound, TroupletError
from trouplet.hooks import PROJECT
from trouplet.loading import explain
from trouplet.plugin_registry import PluginRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pluggy

    from trouplet.discovery import PluginEntry
    from trouplet.kernel import Kernel
    from trouplet.loading import LoadedPlugin
    from trouplet.model_io import ModelInfo
    from trouplet.plugin_context import PluginContext
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
    from trouplet.selection import Selection

    Config = Mapping[str, object]
    RuntimeHook = tuple[str, Callable[..., object]]
    ProvidedTool = Tool | Callable[..., object]


class PluginManager:
    """Loads, registers and asks the plugins of one kernel.

    ``make_context`` is called with a plugin's public name. ``builtins`` are the kernel's own plugins as (kind, name,
    class); nobody can take their names. ``plugins`` take part in runs, in the order of the configuration: names
    (``"otel"`` for every kind of that name, ``"hooks:otel"`` for one), and classes or instances of the host's own. One
    that cannot be used is an error at once: a policy that is silently missing would be worse.
    """

    def __init__(
        self,
        selection: Selection,
        make_context: Callable[[str], PluginContext],
        *,
        builtins: Iterable[tuple[str, str, type]] = (),
        plugins: Iterable[object] = (),
    ) -> None:
        self.version = 0
        self._pluggy: pluggy.PluginManager | None = None
        self._registry = PluginRegistry(selection, make_context, builtins, self._register)
        self._active: list[LoadedPlugin] = []
        self._tools: dict[LoadedPlugin, Sequence[ProvidedTool]] = {}
        self._started: list[LoadedPlugin] = []
        self._told: set[LoadedPlugin] = set()
        for plugin in plugins:
            self._add_configured(plugin)

    # --- factories

    def create_model(self, provider: str, model: str, config: Config) -> ChatModel:
        """Make the chat model ``provider:model``."""
        return cast("ChatModel", self._create_of_provider("create_model", provider, model, config))

    def create_embedding_model(self, provider: str, model: str, config: Config) -> EmbeddingModel:
        """Make the embedding model ``provider:model``."""
        return cast("EmbeddingModel", self._create_of_provider("create_embedding_model", provider, model, config))

    def create_token_counter(self, provider: str, model: str, config: Config) -> TokenCounter:
        """Make what counts tokens as ``provider:model`` does."""
        return cast("TokenCounter", self._create_of_provider("create_token_counter", provider, model, config))

    def create_formatter(self, name: str, model: ModelInfo | None, config: Config) -> Formatter:
        """Make a formatter."""
        made = self._create("formatters", name, "create_formatter", name=name, model=model, config=config)
        return cast("Formatter", made)

    def create_toolset(self, name: str, config: Config) -> Toolset:
        """Make a toolset, which its user opens and closes."""
        return cast("Toolset", self._create("tools", name, "create_toolset", name=name, config=config))

    def create_memory(self, backend: str, config: Config) -> Memory:
        """Make a working memory."""
        return cast("Memory", self._create("memory", backend, "create_memory", backend=backend, config=config))

    def create_long_term_memory(self, backend: str, config: Config) -> LongTermMemory:
        """Make a long-term memory; its plugin is found in the group ``memory``."""
        made = self._create("memory", backend, "create_long_term_memory", backend=backend, config=config)
        return cast("LongTermMemory", made)

    def create_session_store(self, backend: str, config: Config) -> SessionStore:
        """Make a session store; its plugin is found in the group ``memory``."""
        made = self._create("memory", backend, "create_session_store", backend=backend, config=config)
        return cast("SessionStore", made)

    def create_tracer(self, name: str, config: Config) -> Tracer:
        """Make a tracer."""
        return cast("Tracer", self._create("tracers", name, "create_tracer", name=name, config=config))

    def _create_of_provider(self, hook: str, provider: str, model: str, config: Config) -> object:
        try:
            return self._create("models", provider, hook, provider=provider, model=model, config=config)
        except PluginNotFound as error:
            if error.distribution:
                raise
            from trouplet.providers import absent

            raise absent(provider, model, installed=self.names("models")) from None

    def _create(self, kind: str, name: str, hook: str, /, **arguments: object) -> object:
        for loaded in self._registry.host:
            made = self._call(loaded, hook, arguments)
            if made is not None:
                return made
        owner = self._registry.owner(kind, name)
        made = self._call(owner, hook, arguments)
        if made is None:
            raise _nothing_made(owner, kind, name, hook)
        return made

    # --- listings

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind that may be asked for, sorted; imports no plugin."""
        return self._registry.names(kind)

    def list_models(self) -> tuple[list[ModelInfo], list[TroupletError]]:
        """Return the models that the installed and allowed plugins know, and the errors of the plugins that failed."""
        infos: list[ModelInfo] = []
        failures: list[TroupletError] = []
        for loaded in self._model_plugins(failures):
            try:
                infos += cast("Sequence[ModelInfo]", self._collect(loaded, "list_models"))
            except TroupletError as error:
                failures.append(error)
        return infos, failures

    def _model_plugins(self, failures: list[TroupletError]) -> Iterable[LoadedPlugin]:
        found = dict.fromkeys(self._registry.host)
        for name in self.names("models"):
            try:
                found[self._registry.owner("models", name)] = None
            except TroupletError as error:
                failures.append(error)
        return found

    def provide_tools(self, names: Iterable[str] = ()) -> list[ProvidedTool]:
        """Return the tools of the named plugins; without names, those of all plugins that take part in runs."""
        plugins = [self._registry.owner("tools", name) for name in names] or self._active
        return [tool for loaded in plugins for tool in self._tools_of(loaded)]

    def _tools_of(self, loaded: LoadedPlugin) -> Sequence[ProvidedTool]:
        if loaded not in self._tools:
            self._tools[loaded] = cast("Sequence[ProvidedTool]", self._collect(loaded, "provide_tools"))
        return self._tools[loaded]

    # --- taking part in runs

    def activate(self, kind: str, name: str) -> object:
        """Let a plugin take part in runs from now on; return its instance."""
        loaded = self._registry.owner(kind, name)
        self._take_part(loaded)
        return loaded.instance

    @property
    def has_runtime_hooks(self) -> bool:
        """Whether any plugin takes part in runs."""
        return bool(self._active)

    def runtime_hooks(self, hook: str) -> tuple[RuntimeHook, ...]:
        """Return the implementations of a run-time hook with their plugins' names, in the order of the configuration.

        They take the parameters of the specification, all of them, by position.
        """
        places = {id(loaded.instance): place for place, loaded in enumerate(self._active)}
        if not places:
            return ()
        caller = getattr(self._manager().hook, hook)
        found = [one for one in caller.get_hookimpls() if id(one.plugin) in places]
        found.sort(key=lambda one: (one.trylast - one.tryfirst, places[id(one.plugin)]))
        names = [self._active[places[id(one.plugin)]].entry.name for one in found]
        return tuple(zip(names, [_by_position(one, caller.spec.argnames) for one in found], strict=True))

    def _add_configured(self, plugin: object) -> None:
        if not isinstance(plugin, str):
            self._take_part(self._registry.add_host_plugin(plugin))
            return
        kind, colon, name = plugin.rpartition(":")
        for loaded in [self._registry.owner(kind, name)] if colon else self._registry.all_named(name):
            self._take_part(loaded)

    def _take_part(self, loaded: LoadedPlugin) -> None:
        if loaded not in self._active:
            self._active.append(loaded)
            self.version += 1

    # --- life cycle

    @property
    def has_unstarted(self) -> bool:
        """Whether a plugin was loaded since ``kernel_started`` ran: it has to run again."""
        return len(self._told) < len(self._registry.plugins())

    async def kernel_started(self, kernel: Kernel) -> None:
        """Tell the plugins that the kernel has started, in the order of the configuration.

        Only those that do not know it yet are told: call it again when plugins were loaded later. The first error ends
        it; the plugin that raised it is not told when the kernel stops.
        """
        for loaded in self._untold():
            self._told.add(loaded)
            await self._tell(loaded, "kernel_started", kernel)
            self._started.append(loaded)

    async def kernel_stopping(self, kernel: Kernel) -> None:
        """Tell every plugin, in reverse order, that the kernel stops; errors are raised together at the end.

        A cancellation does not keep the others from being told; it goes on up afterwards.
        """
        from asyncio import CancelledError

        errors: list[Exception] = []
        cancelled: CancelledError | None = None
        for loaded in reversed([*self._started, *self._untold()]):
            try:
                await self._tell(loaded, "kernel_stopping", kernel)
            except TroupletError as error:
                errors.append(error)
            except CancelledError as error:
                cancelled = error
        group = ExceptionGroup("plugins failed while the kernel stopped", errors) if errors else None
        if cancelled is not None:
            raise cancelled from group
        if group is not None:
            raise group

    def _untold(self) -> list[LoadedPlugin]:
        others = [loaded for loaded in self._registry.plugins() if loaded not in self._active]
        ordered = [*self._active, *sorted(others, key=lambda loaded: loaded.entry.name)]
        return [loaded for loaded in ordered if loaded not in self._told]

    async def _tell(self, loaded: LoadedPlugin, hook: str, kernel: Kernel) -> None:
        with _blamed(loaded.entry, hook):
            for answer in self._caller(loaded, hook)(kernel=kernel):
                if isawaitable(answer):
                    await answer

    # --- pluggy

    def _manager(self) -> pluggy.PluginManager:
        if self._pluggy is None:
            import pluggy  # a kernel that loads no plugin does not pay for it

            self._pluggy = pluggy.PluginManager(PROJECT)
            self._pluggy.add_hookspecs(hookspecs)
        return self._pluggy

    def _register(self, loaded: LoadedPlugin) -> None:
        self._manager().register(loaded.instance, name=f"{loaded.entry.name} at {id(loaded):x}")

    def _caller(self, loaded: LoadedPlugin, hook: str) -> Callable[..., Iterable[object]]:
        """Return the hook of one plugin alone."""
        others = [other.instance for other in self._registry.plugins() if other is not loaded]
        return self._manager().subset_hook_caller(hook, others)

    def _call(self, loaded: LoadedPlugin, hook: str, arguments: Mapping[str, object]) -> object:
        with _blamed(loaded.entry, hook):
            return self._caller(loaded, hook)(**arguments)

    def _collect(self, loaded: LoadedPlugin, hook: str) -> list[object]:
        with _blamed(loaded.entry, hook):
            return [item for items in self._caller(loaded, hook)() for item in cast("Iterable[object]", items)]


@contextmanager
def _blamed(entry: PluginEntry, hook: str) -> Iterator[None]:
    """Turn what a plugin's hook raises into ``HookFailed``; errors of Trouplet say by themselves what to do."""
    try:
        yield
    except TroupletError:
        raise
    except (Exception, SystemExit) as error:  # a plugin's code: whatever it raises is reported with its name
        why, fix = explain(entry, error)
        raise HookFailed(f"{entry} failed in {hook}", why=why, fix=fix, **entry.where()) from error


def _nothing_made(owner: LoadedPlugin, kind: str, name: str, hook: str) -> PluginNotFound:
    from trouplet.plugin_contract import unmarked_hook

    product = hook.removeprefix("create_").replace("_", " ")
    why = f"{hook}() lacks @hookimpl" if unmarked_hook(type(owner.instance), hook) else f"{hook} gave nothing for it"
    return PluginNotFound(
        f"{owner.entry} has {kind}:{name}, but no {product} of that name",
        why=why,
        fix=f"Ask for another, or: pip install -U {owner.entry.distribution}. See: trouplet plugins list",
        **owner.entry.where(),
    )


def _by_position(implementation: pluggy.HookImpl, parameters: Sequence[str]) -> Callable[..., object]:
    """Return a function that takes all parameters of the specification, and passes on those that are wanted."""
    function: Callable[..., object] = implementation.function
    if tuple(implementation.argnames) == tuple(parameters):
        return function
    wanted = [parameters.index(name) for name in implementation.argnames]
    if iscoroutinefunction(function):

        @wraps(function)
        async def call_async(*arguments: object) -> object:
            return await function(*[arguments[place] for place in wanted])

        return call_async

    @wraps(function)
    def call(*arguments: object) -> object:
        return function(*[arguments[place] for place in wanted])

    return call
