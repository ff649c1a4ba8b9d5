"""Import, API check, contract check, instance: what goes wrong names the plugin and says what to type."""

import pytest

from trouplet.errors import MissingKey, PluginContractError, PluginError, PluginLoadError
from trouplet.loading import load
from trouplet.testing import PluginStand


def _load(site, name, kind="models"):
    (entry,) = site.index().find(kind, name)
    return load(entry, PluginStand)


def _check(error, name, *, distribution, kind="models", version="1.0"):
    """Every plugin error carries these five, and ends with a command."""
    module = f"plugin_{name.replace('-', '_')}"
    assert (error.plugin, error.kind, error.distribution, error.version) == (name, kind, distribution, version)
    assert error.target == f"{module}:P"
    assert f"{name!r} ({distribution} {version})" in str(error)
    assert str(error).endswith("trouplet plugins doctor.")


def test_a_good_plugin_is_imported_and_gets_its_context(site, good):
    site.add_plugin("one", good)
    loaded = _load(site, "one")
    assert isinstance(loaded.instance.context, PluginStand)
    assert loaded.entry.name == "one"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        ("from json import nothing_of_that_name", "cannot import name 'nothing_of_that_name'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise SystemExit", "SystemExit"),
        ("this is no Python", "SyntaxError"),
        ("raise ExceptionGroup('several', [OSError()])", "ExceptionGroup"),
    ],
)
def test_whatever_it_raises_on_import_is_a_load_error_that_names_it(site, good, head, words):
    distribution = site.add_plugin("bad", good, head=head)
    with pytest.raises(PluginLoadError, match="could not be imported") as caught:
        _load(site, "bad")
    assert words in str(caught.value)
    assert isinstance(caught.value, ImportError)
    assert caught.value.__cause__ is not None
    _check(caught.value, "bad", distribution=distribution)


def test_a_constructor_that_raises_is_a_load_error(site):
    distribution = site.add_plugin("bad", "plugin_api = (1, 0)\ndef __init__(self): ...")
    with pytest.raises(PluginLoadError, match="could not be made") as caught:
        _load(site, "bad")
    _check(caught.value, "bad", distribution=distribution)


def test_a_missing_setting_in_the_constructor_speaks_for_itself(site):
    body = "plugin_api = (1, 0)\ndef __init__(self, context):\n    raise MissingKey('acme', variable='ACME_KEY')"
    site.add_plugin("keyless", body, head="from trouplet.errors import MissingKey")
    with pytest.raises(MissingKey):
        _load(site, "keyless")


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit"])
def test_what_is_meant_for_the_host_goes_through(site, good, error):
    site.add_plugin("rude", good, head=f"raise {error}")
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        _load(site, "rude")
    assert not isinstance(caught.value, PluginError)


def test_a_requirement_that_is_not_met_is_named_with_the_command_against_it(site, good):
    site.add("fakesdk", {}, {"fakesdk": ""}, version="2.3.0")
    site.add_plugin("bad", good, head="from fakesdk import gone", requires=("fakesdk<2,>=1.13",), version="0.2")
    with pytest.raises(PluginLoadError) as caught:
        _load(site, "bad")
    text = str(caught.value)
    assert "cannot import name 'gone'" in text
    assert "trouplet-bad needs fakesdk<2,>=1.13, found fakesdk 2.3.0" in text
    assert "pip install 'fakesdk<2,>=1.13'" in text


@pytest.mark.parametrize(
    "target", ["not_there.plugin:P", "plugin_mod:Missing", "plugin_mod:P.nested", "plugin_mod", ":P", "not a target"]
)
def test_an_entry_point_that_leads_nowhere_is_a_load_error(site, target):
    site.add("trouplet-lost", {"models:lost": target}, {"plugin_mod": "class P: ..."})
    with pytest.raises(PluginLoadError) as caught:
        _load(site, "lost")
    assert caught.value.target == target.replace(" ", "")


def test_a_target_that_is_no_class_is_a_contract_error(site):
    site.add("trouplet-odd", {"models:odd": "plugin_odd:P"}, {"plugin_odd": "def P(context): ..."})
    with pytest.raises(PluginContractError, match="is a function, not a class") as caught:
        _load(site, "odd")
    _check(caught.value, "odd", distribution="trouplet-odd")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("pass", "has no plugin_api"),
        ("plugin_api = (2, 0)", "written for plugin API 2.0"),
        ("plugin_api = (1, 0)\n@hookimpl\ndef creat_model(self): ...", "Did you mean 'create_model'?"),
        ("plugin_api = (1, 0)\n@hookimpl\ndef create_model(self, *, config): ...", "keyword-only"),
        ("plugin_api = (1, 0)\n@hookimpl\nasync def create_model(self): ...", "called synchronously"),
    ],
)
def test_a_broken_contract_is_an_error_that_names_the_plugin(site, body, words):
    distribution = site.add_plugin("bad", body)
    with pytest.raises(PluginContractError) as caught:
        _load(site, "bad")
    assert words in str(caught.value)
    assert isinstance(caught.value, TypeError)
    _check(caught.value, "bad", distribution=distribution)


def test_a_plugin_for_a_newer_kernel_says_to_upgrade_the_kernel_and_an_old_one_the_plugin(site):
    site.add_plugin("new", "plugin_api = (1, 1)")
    site.add_plugin("old", "plugin_api = (0, 1)")
    with pytest.raises(PluginContractError, match="pip install -U trouplet\\."):
        _load(site, "new")
    with pytest.raises(PluginContractError, match="pip install -U trouplet-old\\."):
        _load(site, "old")


def test_an_error_has_all_its_parts_as_data(site):
    site.add_plugin("bad", "pass", version="0.9")
    with pytest.raises(PluginContractError) as caught:
        _load(site, "bad")
    data = caught.value.as_dict()
    assert data["code"] == "TP-204"
    assert data["version"] == "0.9"
    assert data["target"] == "plugin_bad:P"
