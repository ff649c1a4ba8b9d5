"""The hooks that a plugin may implement (plugin API 1.0): the first file that a plugin author reads.

A plugin is a class with ``plugin_api = (1, 0)`` whose ``__init__`` takes a ``PluginContext``; there is one instance per
kernel. Its methods, marked with ``@hookimpl``, implement the hooks below. They may leave out parameters that they do
not need, and take none by keyword only.

Factories and listings (the first part) are synchronous, do no I/O, and are called when somebody asks for their product.
Run-time hooks (the second part) may be ``def`` or ``async def``; they are collected when an agent is composed. They run
in this order: the agent's own hooks, those of its class, then the kernel's plugins in the order of the configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.hooks import hookspec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence

    from trouplet.events import Subscription
    from trouplet.kernel import Kernel
    from trouplet.messages import Msg, ToolResultBlock, ToolUseBlock
    from trouplet.model_io import Chunk, ModelInfo, ModelRequest, ModelResponse
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
    from trouplet.scope import Scope
    from trouplet.tool_io import Ask, Deny


@hookspec(firstresult=True)
def create_model(provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
    """Make the chat model ``provider:model``.

    Called when a kernel is asked for a model of a provider that the plugin's entry point names. ``config`` holds the
    options that were given with the name. Return None for a provider that is not yours. An error goes to who asked.
    """


@hookspec(firstresult=True)
def create_embedding_model(provider: str, model: str, config: Mapping[str, object]) -> EmbeddingModel | None:
    """Make the embedding model ``provider:model``; as ``create_model``."""


@hookspec
def list_models() -> Iterable[ModelInfo]:
    """Name the models that the plugin knows without asking anybody.

    Called for listings and completion. An error leaves the plugin out of the listing and is reported with it.
    """
    ...


@hookspec(firstresult=True)
def create_formatter(name: str, model: ModelInfo | None, config: Mapping[str, object]) -> Formatter | None:
    """Make the formatter ``name``, for ``model`` if one is given.

    Called when a kernel is asked for a formatter by name. Return None for a name that is not yours. An error goes to
    who asked.
    """


@hookspec(firstresult=True)
def create_token_counter(provider: str, model: str, config: Mapping[str, object]) -> TokenCounter | None:
    """Make what counts tokens as ``provider:model`` does; as ``create_model``."""


@hookspec
def provide_tools() -> Iterable[Tool]:
    """Offer tools.

    Called once per kernel, only for plugins that are named. Return tools, or plain functions that the kernel makes
    tools of. An error goes to who asked for the tools.
    """
    ...


@hookspec(firstresult=True)
def create_toolset(name: str, config: Mapping[str, object]) -> Toolset | None:
    """Make the toolset ``name``: tools that have to be opened and closed. Return None for a name that is not yours."""


@hookspec(firstresult=True)
def create_memory(backend: str, config: Mapping[str, object]) -> Memory | None:
    """Make a working memory on ``backend``. Return None for a backend that is not yours."""


@hookspec(firstresult=True)
def create_long_term_memory(backend: str, config: Mapping[str, object]) -> LongTermMemory | None:
    """Make a long-term memory on ``backend``. Return None for a backend that is not yours."""


@hookspec(firstresult=True)
def create_session_store(backend: str, config: Mapping[str, object]) -> SessionStore | None:
    """Make a session store on ``backend``. Return None for a backend that is not yours."""


@hookspec(firstresult=True)
def create_tracer(name: str, config: Mapping[str, object]) -> Tracer | None:
    """Make the tracer ``name``. Return None for a name that is not yours."""


@hookspec
def kernel_started(kernel: Kernel) -> None:
    """The kernel was entered with ``async with``; may be ``async def``.

    Called in order, once per plugin, at the start or when the plugin is loaded later. An error is raised to who started
    the kernel or asked for the plugin.
    """


@hookspec
def kernel_stopping(kernel: Kernel) -> None:
    """The kernel is about to close; may be ``async def``.

    Called in reverse order. Every plugin is called, whatever the others do; errors are raised together afterwards.
    """


@hookspec
def before_reply(msgs: Sequence[Msg], scope: Scope) -> Sequence[Msg] | None:
    """A run begins with ``msgs``; return others to replace them, None to leave them. An error fails the run."""


@hookspec
def after_reply(reply: Msg, scope: Scope) -> Msg | None:
    """A run ends with ``reply``; return another to replace it. An error fails the run."""


@hookspec
def before_reasoning(request: ModelRequest, scope: Scope) -> ModelRequest | None:
    """The model is about to be asked; return another request to replace this one. An error fails the run."""


@hookspec
def after_reasoning(response: ModelResponse, scope: Scope) -> ModelResponse | None:
    """The model has answered; return another response to replace it, before it is stored. An error fails the run."""


@hookspec
def before_acting(call: ToolUseBlock, scope: Scope) -> ToolUseBlock | ToolResultBlock | Deny | Ask | None:
    """A tool is about to be called.

    Return another call to replace this one, a result to use instead of calling, ``Deny`` to refuse, or ``Ask`` to park
    the run until a human has decided; None leaves the call as it is. The first result, ``Deny`` or ``Ask`` ends the
    chain. It fails closed: after an exception or a time-out the tool is not called.
    """


@hookspec
def after_acting(call: ToolUseBlock, result: ToolResultBlock, scope: Scope) -> ToolResultBlock | None:
    """A tool call has its result; return another to replace it. An error fails the run."""


@hookspec
def before_observe(msgs: Sequence[Msg], scope: Scope) -> Sequence[Msg] | None:
    """The agent is about to take in ``msgs`` without replying; return others to replace them."""


@hookspec
def after_observe(msgs: Sequence[Msg], scope: Scope) -> None:
    """The agent has taken in ``msgs``."""


@hookspec
def wrap_reply(
    call_next: Callable[[Sequence[Msg]], Awaitable[Msg]], scope: Scope
) -> Callable[[Sequence[Msg]], Awaitable[Msg]] | None:
    """Wrap the whole run: return a function to call instead of ``call_next``, or None.

    Synchronous, called once when the run begins; the first plugin is the outermost. What is returned is async; its
    errors fail the run.
    """


@hookspec
def wrap_model_call(
    call_next: Callable[[ModelRequest], AsyncGenerator[Chunk, None]], scope: Scope
) -> Callable[[ModelRequest], AsyncGenerator[Chunk, None]] | None:
    """Wrap each model call of a run: as ``wrap_reply``, with an async generator function of chunks.

    Close the inner generator when yours is closed (``contextlib.aclosing``).
    """


@hookspec
def wrap_tool_call(
    call_next: Callable[[ToolUseBlock], Awaitable[ToolResultBlock]], scope: Scope
) -> Callable[[ToolUseBlock], Awaitable[ToolResultBlock]] | None:
    """Wrap each tool call of a run, inside the gate of ``before_acting``: as ``wrap_reply``."""


@hookspec
def on_event(scope: Scope) -> Iterable[Subscription] | None:
    """Subscribe to events of the run that begins.

    Synchronous, called once per run. Handlers are synchronous and quick; an error is logged once with the plugin's
    name, and after five the subscription is dropped. The run is never harmed.
    """
