"""Taking part in runs: which plugins do, in what order, and what they are told at the start and at the end."""

import asyncio
import inspect

import pytest

from trouplet.errors import HookFailed
from trouplet.hooks import hookimpl
from trouplet.plugin_contract import hook_parameters
from trouplet.plugin_manager import PluginManager
from trouplet.selection import Selection

KERNEL = object()


def _told(name, *, fails=(), log):
    """Make a plugin class that writes into a log what it is told."""

    class Told:
        plugin_api = (1, 0)

        def __init__(self, context):
            self.context = context

        @hookimpl
        def kernel_started(self, kernel):
            log.append(f"{name} started")
            if "start" in fails:
                raise OSError(name)

        @hookimpl
        async def kernel_stopping(self, kernel):
            assert kernel is KERNEL
            await asyncio.sleep(0)
            log.append(f"{name} stopping")
            if "stop" in fails:
                raise OSError(name)

    Told.__name__ = name
    return Told


def _guard(name, **options):
    class Guard:
        plugin_api = (1, 0)

        def __init__(self, context): ...

        @hookimpl(**options)
        def before_acting(self, call, scope):
            return name

    Guard.__name__ = name
    return Guard


# --- run-time hooks


def test_hooks_come_in_the_order_of_the_configuration(site):
    manager = site.manager(plugins=[_guard("c"), _guard("a"), _guard("b")])
    assert [name for name, _ in manager.runtime_hooks("before_acting")] == ["c", "a", "b"]
    assert [function(None, None) for _, function in manager.runtime_hooks("before_acting")] == ["c", "a", "b"]


def test_tryfirst_and_trylast_come_before_and_after_the_others_in_that_order(site):
    plugins = [_guard("last", trylast=True), _guard("last2", trylast=True), _guard("a"), _guard("b")]
    manager = site.manager(plugins=[*plugins, _guard("first", tryfirst=True), _guard("first2", tryfirst=True)])
    names = [name for name, _ in manager.runtime_hooks("before_acting")]
    assert names == ["first", "first2", "a", "b", "last", "last2"]


def test_without_plugins_there_are_no_hooks(site):
    manager = site.manager()
    assert manager.runtime_hooks("before_acting") == ()
    assert not manager.has_runtime_hooks


def test_hooks_of_an_installed_plugin_are_active_only_when_it_is_named(site, good):
    site.add_plugin("spy", good + "@hookimpl\ndef before_reply(self, msgs): ...\n", kind="hooks")
    assert not site.manager().has_runtime_hooks
    named = site.manager(plugins=["spy"])
    assert [name for name, _ in named.runtime_hooks("before_reply")] == ["spy"]
    later = site.manager()
    version = later.version
    later.activate("hooks", "spy")
    assert later.version > version
    assert later.has_runtime_hooks
    later.activate("hooks", "spy")
    assert len(later.runtime_hooks("before_reply")) == 1


def test_a_plugin_that_was_loaded_for_its_models_has_no_say_in_runs(site, model):
    site.add_plugin("spy", model + "@hookimpl\ndef before_reply(self, msgs): ...\n")
    manager = site.manager(plugins=[_guard("a")])
    manager.create_model("spy", "m", {})
    assert manager.runtime_hooks("before_reply") == ()


def test_a_name_without_its_kind_activates_every_plugin_of_that_name(site, good):
    body = good + "@hookimpl\ndef before_reply(self, msgs): ...\n"
    site.add_plugin("otel", body, kind="hooks")
    site.add("trouplet-otel-tracer", {"tracers:otel": "plugin_otel:P"})
    assert len(site.manager(plugins=["otel"]).runtime_hooks("before_reply")) == 2
    assert len(site.manager(plugins=["tracers:otel"]).runtime_hooks("before_reply")) == 1


async def test_hooks_are_called_with_every_argument_in_order_whatever_they_take():
    class Picky:
        plugin_api = (1, 0)

        def __init__(self, context): ...

        @hookimpl
        def after_acting(self, scope, call):
            return (scope, call)

        @hookimpl
        async def before_acting(self, call):
            return call

        @hookimpl
        def before_reply(self, msgs, scope):
            return (msgs, scope)

    manager = PluginManager(Selection(), lambda name: None, plugins=[Picky])
    ((_, after),) = manager.runtime_hooks("after_acting")
    assert after("call", "result", "scope") == ("scope", "call")
    ((_, before),) = manager.runtime_hooks("before_acting")
    assert inspect.iscoroutinefunction(before)
    assert await before("call", "scope") == "call"
    ((_, untouched),) = manager.runtime_hooks("before_reply")
    assert inspect.ismethod(untouched)


def test_every_hook_of_the_specification_reaches_a_plugin_that_implements_all_of_them(site):
    calls = []

    def implementation(hook):
        parameters = ", ".join(hook_parameters()[hook])
        namespace = {"calls": calls}
        result = "[]" if hook in {"list_models", "provide_tools"} else "'made'"
        exec(f"def {hook}(self, {parameters}):\n    calls.append({hook!r})\n    return {result}", namespace)
        return hookimpl(namespace[hook])

    body = {hook: implementation(hook) for hook in hook_parameters()}
    everything = type("Everything", (), {"plugin_api": (1, 0), "__init__": lambda self, context: None, **body})
    manager = site.manager(plugins=[everything])
    manager.create_model("x", "m", {})
    manager.create_embedding_model("x", "m", {})
    manager.create_token_counter("x", "m", {})
    manager.create_formatter("x", None, {})
    manager.create_toolset("x", {})
    manager.create_memory("x", {})
    manager.create_long_term_memory("x", {})
    manager.create_session_store("x", {})
    manager.create_tracer("x", {})
    manager.list_models()
    manager.provide_tools()
    asyncio.run(manager.kernel_started(KERNEL))
    run_time = [hook for hook in hook_parameters() if hook.startswith(("before_", "after_", "wrap_", "on_"))]
    for hook in run_time:
        ((name, function),) = manager.runtime_hooks(hook)
        assert name == "Everything"
        function(*hook_parameters()[hook])
    asyncio.run(manager.kernel_stopping(KERNEL))
    assert sorted(calls) == sorted(hook_parameters())


# --- life cycle


async def test_plugins_are_told_in_order_and_in_reverse(site):
    log = []
    manager = site.manager(plugins=[_told(name, log=log) for name in "bac"])
    await manager.kernel_started(KERNEL)
    await manager.kernel_stopping(KERNEL)
    assert log == ["b started", "a started", "c started", "c stopping", "a stopping", "b stopping"]


async def test_a_plugin_that_is_loaded_later_is_told_when_it_is_asked_again(site, model):
    log = []
    site.add_plugin("late", model + "@hookimpl\nasync def kernel_started(self, kernel):\n    kernel.append('late')\n")
    manager = site.manager(plugins=[_told("early", log=log)])
    await manager.kernel_started(log)
    assert not manager.has_unstarted
    manager.create_model("late", "m", {})
    assert manager.has_unstarted
    await manager.kernel_started(log)
    await manager.kernel_started(log)
    assert log == ["early started", "late"]
    assert not manager.has_unstarted


async def test_a_plugin_that_fails_to_start_ends_the_start_and_only_the_others_are_stopped(site):
    log = []
    plugins = [_told("a", log=log), _told("b", log=log, fails=["start"]), _told("c", log=log)]
    manager = site.manager(plugins=plugins)
    with pytest.raises(HookFailed, match=r"'b' .* failed in kernel_started"):
        await manager.kernel_started(KERNEL)
    await manager.kernel_stopping(KERNEL)
    assert log == ["a started", "b started", "c stopping", "a stopping"]


async def test_all_plugins_are_stopped_and_their_errors_are_raised_together(site):
    log = []
    manager = site.manager(plugins=[_told(name, log=log, fails=["stop"]) for name in "abc"])
    await manager.kernel_started(KERNEL)
    with pytest.raises(ExceptionGroup) as caught:
        await manager.kernel_stopping(KERNEL)
    assert [error.plugin for error in caught.value.exceptions] == ["c", "b", "a"]
    assert log[-3:] == ["c stopping", "b stopping", "a stopping"]


async def test_a_cancellation_while_stopping_reaches_the_caller_after_all_were_told(site):
    log = []
    waiting = asyncio.Event()

    class Slow:
        plugin_api = (1, 0)

        def __init__(self, context): ...

        @hookimpl
        async def kernel_stopping(self, kernel):
            waiting.set()
            await asyncio.Event().wait()

    manager = site.manager(plugins=[_told("a", log=log), Slow])
    await manager.kernel_started(KERNEL)
    task = asyncio.create_task(manager.kernel_stopping(KERNEL))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["a started", "a stopping"]
