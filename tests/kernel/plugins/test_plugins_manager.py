"""The plugins of one kernel: loaded when their name is asked for, and isolated from those of other kernels."""

import sys

import pytest

from trouplet.builtin import BUILTIN_PLUGINS
from trouplet.errors import (
    HookFailed,
    MissingKey,
    PluginConflict,
    PluginContractError,
    PluginLoadError,
    PluginNotAllowed,
    PluginNotFound,
    ProviderNotInstalled,
    UnknownProvider,
)
from trouplet.hooks import hookimpl
from trouplet.providers import KNOWN_PROVIDERS
from trouplet.selection import Selection
from trouplet.testing import EchoModel, PluginStand

RAISES_ON_IMPORT = "raise RuntimeError('broken')"


class HostModels:
    """A plugin of the host's own."""

    plugin_api = (1, 0)

    def __init__(self, context):
        self.context = context

    @hookimpl
    def create_model(self, provider, model):
        return f"the host's {model}" if provider == "one" else None

    @hookimpl
    def provide_tools(self):
        return [len]


# --- asking for a name


def test_asking_for_a_provider_loads_its_plugin_and_no_other(site, model):
    site.add_plugin("one", model)
    site.add_plugin("two", model, head=RAISES_ON_IMPORT)
    manager = site.manager()
    instance, provider, name, config = manager.create_model("one", "big", {"stream": False})
    assert (provider, name, config) == ("one", "big", {"stream": False})
    assert instance.context.plugin == "one"
    assert "plugin_two" not in sys.modules


def test_making_a_manager_imports_and_scans_nothing(site, model, monkeypatch):
    site.add_plugin("one", model, head=RAISES_ON_IMPORT)
    monkeypatch.setattr("trouplet.plugin_registry.scan", lambda: pytest.fail("scanned"))
    manager = site.manager(builtins=BUILTIN_PLUGINS)
    assert isinstance(manager.create_model("test", "echo", {}), EchoModel)


def test_other_plugins_that_are_loaded_are_not_asked(site, good):
    greedy = good + "@hookimpl\ndef create_model(self, provider):\n    return (provider, 'from', self.context.plugin)\n"
    site.add_plugin("one", greedy)
    site.add_plugin("two", greedy)
    manager = site.manager()
    assert manager.create_model("one", "m", {}) == ("one", "from", "one")
    assert manager.create_model("two", "m", {}) == ("two", "from", "two")
    assert manager.create_model("one", "m", {}) == ("one", "from", "one")


def test_one_target_in_several_groups_is_one_instance(site, model):
    body = model + "@hookimpl\ndef create_formatter(self, name):\n    return (self, name)\n"
    site.add_plugin("one", body)
    site.add("trouplet-one-again", {"x": "y"})
    target = "plugin_both:P"
    code = "from plugin_one import P as Q\nclass P(Q): pass\n"
    site.add("trouplet-both", {"models:both": target, "formatters:both": target}, {"plugin_both": code})
    manager = site.manager()
    assert manager.create_model("both", "m", {})[0] is manager.create_formatter("both", None, {})[0]


def test_two_kernels_never_share_an_instance(site, model):
    site.add_plugin("one", model)
    first, second = site.manager(), site.manager()
    assert first.create_model("one", "m", {})[0] is not second.create_model("one", "m", {})[0]


@pytest.mark.parametrize(
    ("kind", "hook", "method", "arguments"),
    [
        ("models", "create_model", "create_model", ("x", "m", {})),
        ("models", "create_embedding_model", "create_embedding_model", ("x", "m", {})),
        ("models", "create_token_counter", "create_token_counter", ("x", "m", {})),
        ("formatters", "create_formatter", "create_formatter", ("x", None, {})),
        ("tools", "create_toolset", "create_toolset", ("x", {})),
        ("memory", "create_memory", "create_memory", ("x", {})),
        ("memory", "create_long_term_memory", "create_long_term_memory", ("x", {})),
        ("memory", "create_session_store", "create_session_store", ("x", {})),
        ("tracers", "create_tracer", "create_tracer", ("x", {})),
    ],
)
def test_every_factory_finds_its_plugin_by_kind_and_name(site, good, kind, hook, method, arguments):
    site.add_plugin("x", f"{good}\n@hookimpl\ndef {hook}(self, config):\n    return ('made', config)\n", kind=kind)
    manager = site.manager()
    assert getattr(manager, method)(*arguments) == ("made", {})


def test_a_plugin_of_a_kind_that_another_plugin_defines_is_loaded_by_name(site, good):
    site.add_plugin("ray", good, kind="evaluation.executors")
    assert site.manager().activate("evaluation.executors", "ray").context.plugin == "ray"


# --- what is not there


def test_an_unknown_provider_is_answered_with_suggestions(site, model):
    site.add_plugin("acme", model)
    with pytest.raises(UnknownProvider) as caught:
        site.manager(builtins=BUILTIN_PLUGINS).create_model("amce", "m", {})
    text = str(caught.value)
    assert text.startswith("TP-102 unknown provider 'amce' in 'amce:m'. Did you mean 'acme'? Installed: acme, ")
    assert "test" in text


@pytest.fixture
def acme(monkeypatch):
    monkeypatch.setitem(KNOWN_PROVIDERS, "acme", "trouplet-acme")


def test_a_known_provider_that_is_not_installed_says_what_to_install(site, acme):
    with pytest.raises(ProviderNotInstalled, match="pip install trouplet-acme"):
        site.manager().create_model("acme", "m", {})


def test_a_known_provider_whose_metadata_is_broken_says_so(site, acme):
    site.add("trouplet-acme", b"\xff[trouplet.models]\n")
    with pytest.raises(PluginLoadError, match="cannot be read") as caught:
        site.manager().create_model("acme", "m", {})
    assert "pip install --force-reinstall trouplet_acme" in str(caught.value)


def test_an_unknown_name_of_another_kind_is_not_found(site):
    with pytest.raises(PluginNotFound, match="memory:nowhere"):
        site.manager().create_memory("nowhere", {})


def test_a_plugin_that_lacks_the_hook_says_so(site, model):
    site.add_plugin("one", model)
    with pytest.raises(PluginNotFound, match="has models:one, but no embedding model of that name"):
        site.manager().create_embedding_model("one", "m", {})


def test_a_factory_without_the_marker_is_pointed_out(site, good):
    site.add_plugin("one", good + "def create_model(self, provider): return 1\n")
    with pytest.raises(PluginNotFound, match=r"create_model\(\) lacks @hookimpl"):
        site.manager().create_model("one", "m", {})


def test_a_factory_that_gives_nothing_for_its_own_name_is_an_error(site, good):
    site.add_plugin("one", good + "@hookimpl\ndef create_model(self): return None\n")
    with pytest.raises(PluginNotFound, match="gave nothing"):
        site.manager().create_model("one", "m", {})


# --- what goes wrong


def test_a_broken_plugin_is_an_error_for_who_asks_and_for_nobody_else(site, model):
    site.add_plugin("bad", model, head=RAISES_ON_IMPORT)
    site.add_plugin("good", model)
    manager = site.manager()
    with pytest.raises(PluginLoadError, match="RuntimeError: broken"):
        manager.create_model("bad", "m", {})
    assert manager.create_model("good", "m", {})


def test_a_plugin_that_failed_is_not_tried_again_in_this_kernel(site, model, monkeypatch):
    monkeypatch.setattr(sys, "attempts", [], raising=False)
    site.add_plugin("bad", model, head="import sys; sys.attempts.append(1); raise RuntimeError")
    manager = site.manager()
    for _ in range(3):
        with pytest.raises(PluginLoadError):
            manager.create_model("bad", "m", {})
    assert sys.attempts == [1]


def test_an_error_in_a_factory_names_the_plugin_and_keeps_its_cause(site, good):
    site.add_plugin("bad", good + "@hookimpl\ndef create_model(self): return {}['key']\n", version="0.2")
    with pytest.raises(
        HookFailed, match=r"'bad' \(trouplet-bad 0.2\) failed in create_model. KeyError: 'key'"
    ) as caught:
        site.manager().create_model("bad", "m", {})
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.plugin == "bad"


def test_a_factory_that_exits_is_an_error_like_any_other(site, good):
    site.add_plugin("bad", good + "@hookimpl\ndef create_model(self): raise SystemExit(1)\n")
    with pytest.raises(HookFailed, match="SystemExit"):
        site.manager().create_model("bad", "m", {})


def test_an_sdk_that_is_missing_in_a_factory_is_named_with_the_command(site, good):
    body = good + "@hookimpl\ndef create_model(self):\n    import absentsdk\n"
    site.add_plugin("bad", body, requires=("absentsdk>=1",))
    with pytest.raises(HookFailed, match="pip install 'absentsdk>=1'"):
        site.manager().create_model("bad", "m", {})


def test_an_error_of_trouplets_own_goes_through(site, good):
    body = good + "@hookimpl\ndef create_model(self):\n    raise MissingKey('one', variable='ONE_API_KEY')\n"
    site.add_plugin("one", body, head="from trouplet.errors import MissingKey")
    with pytest.raises(MissingKey):
        site.manager().create_model("one", "m", {})


def test_a_conflict_is_an_error_only_when_the_name_is_asked_for(site, model):
    site.add_plugin("one", model)
    site.add("acme-one", {"models:one": "plugin_one:P"})
    manager = site.manager()
    assert "one" in manager.names("models")
    with pytest.raises(PluginConflict, match=r"acme-one 1\.0"):
        manager.create_model("one", "m", {})
    assert "plugin_one" not in sys.modules
    resolved = site.manager(Selection(prefer={"models:one": "trouplet-one"}))
    assert resolved.create_model("one", "m", {})[1] == "one"


def test_a_blocked_plugin_is_refused_before_it_is_imported(site, model):
    site.add_plugin("one", model, head=RAISES_ON_IMPORT)
    manager = site.manager(Selection(allow=["one"], block=["trouplet-one"]))
    with pytest.raises(PluginNotAllowed):
        manager.create_model("one", "m", {})
    assert "one" not in manager.names("models")


def test_with_an_allow_list_an_unlisted_plugin_is_never_imported(site, model):
    site.add_plugin("canary", model, head=RAISES_ON_IMPORT)
    site.add_plugin("listed", model)
    manager = site.manager(Selection(allow=["listed"]))
    assert manager.create_model("listed", "m", {})
    manager.list_models()
    with pytest.raises(PluginNotAllowed):
        manager.create_model("canary", "m", {})
    assert "plugin_canary" not in sys.modules


def test_nobody_takes_the_names_of_the_kernel(site, model):
    site.add("acme-test", {"models:test": "thief:P"}, {"thief": RAISES_ON_IMPORT})
    manager = site.manager(Selection(prefer={"models:test": "acme-test"}), builtins=BUILTIN_PLUGINS)
    assert isinstance(manager.create_model("test", "", {}), EchoModel)


def test_the_kernels_own_plugins_need_no_allow_rule_but_can_be_blocked(site):
    assert site.manager(Selection(allow=[]), builtins=BUILTIN_PLUGINS).create_model("test", "echo", {})
    with pytest.raises(PluginNotAllowed):
        site.manager(Selection(block=["test"]), builtins=BUILTIN_PLUGINS).create_model("test", "echo", {})


# --- plugins of the host's own


def test_a_class_of_the_host_is_asked_first(site, model):
    site.add_plugin("one", model, head=RAISES_ON_IMPORT)
    site.add_plugin("two", model)
    manager = site.manager(plugins=[HostModels])
    assert manager.create_model("one", "m", {}) == "the host's m"
    assert manager.create_model("two", "m", {})[1] == "two"


def test_an_instance_of_the_host_is_used_as_it_is(site):
    plugin = HostModels(PluginStand("mine"))
    manager = site.manager(plugins=[plugin])
    assert manager.create_model("one", "m", {}) == "the host's m"


def test_a_class_of_the_host_that_breaks_the_contract_is_an_error_at_once(site):
    with pytest.raises(PluginContractError, match=r"has no plugin_api.*Correct the class"):
        site.manager(plugins=[type("Wrong", (), {})])


def test_a_named_plugin_that_cannot_be_used_is_an_error_at_once(site, good):
    site.add_plugin("guard", good, kind="hooks", head=RAISES_ON_IMPORT)
    with pytest.raises(PluginLoadError):
        site.manager(plugins=["guard"])
    with pytest.raises(PluginNotAllowed):
        site.manager(Selection(block=["guard"]), plugins=["hooks:guard"])
    with pytest.raises(PluginNotFound, match="no installed plugin has the name 'gard'"):
        site.manager(plugins=["gard"])


# --- listings


def test_models_are_collected_from_all_plugins_and_failures_are_returned(site, good):
    listing = "from trouplet.model_io import ModelInfo"
    lists = "@hookimpl\ndef list_models(self):\n    yield ModelInfo(self.context.plugin, 'm')\n"
    fails = lists + "    raise OSError('disk')\n"
    site.add_plugin("one", good + lists, head=listing)
    site.add_plugin("two", good + fails, head=listing)
    site.add_plugin("three", good, head=RAISES_ON_IMPORT)
    site.add_plugin("four", good)
    allow = ["one", "two", "three", "four"]
    infos, failures = site.manager(Selection(allow=allow), builtins=BUILTIN_PLUGINS).list_models()
    assert [info.id for info in infos] == ["one:m", "test:echo", "test:scripted"]
    assert sorted(failure.plugin for failure in failures) == ["three", "two"]


def test_a_plugin_with_several_names_lists_its_models_once(site, good):
    code = f"from trouplet.hooks import hookimpl\nclass P:\n    {good.strip().replace(chr(10), chr(10) + '    ')}\n"
    code += "    @hookimpl\n    def list_models(self):\n        return ['model']\n"
    site.add("trouplet-two", {"models:a": "plugin_two:P", "models:b": "plugin_two:P"}, {"plugin_two": code})
    assert site.manager(Selection(allow=["trouplet-two"])).list_models() == (["model"], [])


def test_tools_are_provided_once_per_kernel_by_the_plugins_that_are_named(site, good):
    provides = good + "@hookimpl\ndef provide_tools(self):\n    return [object()]\n"
    site.add_plugin("one", provides, kind="tools")
    site.add_plugin("two", provides, kind="tools", head=RAISES_ON_IMPORT)
    manager = site.manager()
    assert manager.provide_tools() == []
    (tool,) = manager.provide_tools(["one"])
    assert manager.provide_tools(["one"]) == [tool]
    assert site.manager(plugins=[HostModels, "tools:one"]).provide_tools()[0] is len


def test_tools_that_cannot_be_provided_are_an_error_for_who_asks(site, good):
    site.add_plugin("bad", good + "@hookimpl\ndef provide_tools(self):\n    yield 1 / 0\n", kind="tools")
    with pytest.raises(HookFailed, match=r"failed in provide_tools\. ZeroDivisionError"):
        site.manager().provide_tools(["bad"])
