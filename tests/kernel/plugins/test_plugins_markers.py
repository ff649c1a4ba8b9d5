"""The markers of trouplet.hooks leave what pluggy's markers leave, and every specification can be implemented."""

import inspect

import pluggy
import pytest

from trouplet import hookspecs
from trouplet.hooks import PLUGIN_API, hookimpl, hookspec
from trouplet.plugin_contract import hook_parameters, mistakes


def _left_on(mark):
    def function(): ...

    mark(function)
    return vars(function)


@pytest.mark.parametrize(
    "options",
    [{}, {"optionalhook": True}, {"tryfirst": True}, {"trylast": True}, {"specname": "other"}],
    ids=lambda options: next(iter(options), "plain"),
)
def test_hookimpl_leaves_what_pluggys_marker_leaves(options):
    assert _left_on(hookimpl(**options)) == _left_on(pluggy.HookimplMarker("trouplet")(**options))


@pytest.mark.parametrize("options", [{}, {"firstresult": True}], ids=["plain", "firstresult"])
def test_hookspec_leaves_what_pluggys_marker_leaves(options):
    assert _left_on(hookspec(**options)) == _left_on(pluggy.HookspecMarker("trouplet")(**options))


def test_the_markers_work_without_parentheses():
    assert _left_on(hookimpl) == _left_on(pluggy.HookimplMarker("trouplet"))
    assert _left_on(hookspec) == _left_on(pluggy.HookspecMarker("trouplet"))


def test_pluggy_finds_every_specification_with_its_parameters():
    manager = pluggy.PluginManager("trouplet")
    manager.add_hookspecs(hookspecs)
    found = {name: tuple(caller.spec.argnames) for name, caller in vars(manager.hook).items()}
    assert found == dict(hook_parameters())


def test_factories_take_the_first_result_and_nothing_else_does():
    first = {name for name in hook_parameters() if vars(getattr(hookspecs, name))["trouplet_spec"]["firstresult"]}
    assert first == {name for name in hook_parameters() if name.startswith("create_")}


@pytest.mark.parametrize("hook", hook_parameters())
def test_every_hook_can_be_implemented_as_its_specification_is_written(hook):
    spec = getattr(hookspecs, hook)
    parameters = ", ".join(["self", *inspect.signature(spec).parameters])
    namespace = {}
    exec(f"def {hook}({parameters}): ...", namespace)
    plugin_class = type("P", (), {"plugin_api": PLUGIN_API, hook: hookimpl(namespace[hook])})
    assert mistakes(plugin_class) == []


@pytest.mark.parametrize("hook", hook_parameters())
def test_every_hook_is_documented(hook):
    assert inspect.getdoc(getattr(hookspecs, hook))
