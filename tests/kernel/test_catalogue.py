import ast
import itertools
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trouplet import model_io
from trouplet.catalogue import Catalogue
from trouplet.discovery import PluginEntry
from trouplet.errors import BadSetting

numbers = itertools.count()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package that must not be imported, with this text or tree as its models.json; returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(tree=None):
        name = f"catalogued_{next(numbers)}"  # what was read of a package is kept for the process
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("raise RuntimeError('imported')")
        if tree is not None:
            (folder / "models.json").write_text(tree if isinstance(tree, str) else json.dumps(tree))
        return name

    return make


TREE = {
    "defaults": {"capabilities": ["tools", "streaming"]},
    "models": [
        {"name": "m-1", "capabilities": ["vision", "tools"], "context_window": 1000, "max_output": 100},
        {"name": "m-1-mini"},
        {"name": "e-1", "kind": "embedding", "dimensions": 64},
    ],
}


def test_the_models_are_those_of_the_file_in_its_order(package):
    infos = Catalogue.of_package(package(TREE)).models("acme")
    assert [info.id for info in infos] == ["acme:m-1", "acme:m-1-mini", "acme:e-1"]
    assert infos[0] == model_io.ModelInfo("acme", "m-1", frozenset({"vision", "tools"}), 1000, 100)
    assert infos[2] == model_io.ModelInfo("acme", "e-1", kind="embedding", dimensions=64)


def test_a_model_that_says_nothing_of_capabilities_has_the_default_ones(package):
    catalogue = Catalogue.of_package(package(TREE))
    assert catalogue.info("acme", "m-1-mini").capabilities == {"tools", "streaming"}


def test_a_model_that_is_not_in_the_catalogue_is_what_the_defaults_say(package):
    catalogue = Catalogue.of_package(package(TREE))
    assert catalogue.info("acme", "z") == model_io.ModelInfo("acme", "z", frozenset({"tools", "streaming"}))
    assert catalogue.known_name("acme", "z") is None


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("m-1", "m-1"),
        ("m-1-2026-08-07", "m-1"),
        ("m-1:free", "m-1"),
        ("m-1@eu", "m-1"),
        ("m-1.5", "m-1"),
        ("m-1-mini-2026", "m-1-mini"),
        ("m-10", None),
        ("m", None),
        ("", None),
    ],
)
def test_a_version_of_a_model_is_known_by_the_longest_name_that_ends_at_a_boundary(package, asked, known):
    catalogue = Catalogue.of_package(package(TREE))
    assert catalogue.known_name("acme", asked) == known
    assert catalogue.info("acme", asked).name == asked


def test_one_of_several_providers_may_have_models_and_defaults_of_its_own(package):
    own = {
        "acme-compatible": {"models": []},
        "acme-eu": {"defaults": {"capabilities": []}},
    }
    catalogue = Catalogue.of_package(package(TREE | {"providers": own}))
    assert catalogue.models("acme-compatible") == []
    assert catalogue.info("acme-compatible", "m-1").capabilities == {"tools", "streaming"}
    assert [info.name for info in catalogue.models("acme-eu")] == ["m-1", "m-1-mini", "e-1"]
    assert catalogue.info("acme-eu", "z").capabilities == frozenset()
    assert len(catalogue.models("acme")) == 3


def test_a_model_is_free_when_the_file_says_so(package):
    models = [{"name": "m"}, {"name": "cloud", "free": False}]
    catalogue = Catalogue.of_package(package({"defaults": {"free": True}, "models": models}))
    assert [catalogue.is_free("acme", name) for name in ("m", "z", "cloud")] == [True, True, False]
    assert not Catalogue.of_package(package(TREE)).is_free("acme", "m-1")


def test_a_key_is_looked_for_where_the_file_says_or_by_convention(package):
    assert Catalogue.of_package(package(TREE)).key_variables("acme-eu") == ("ACME_EU_API_KEY",)
    own = {"acme-local": {"key_variables": []}}
    catalogue = Catalogue.of_package(package({"key_variables": ["A", "B"], "providers": own}))
    assert catalogue.key_variables("acme") == ("A", "B")
    assert catalogue.key_variables("acme-local") == ()


def test_a_package_without_a_file_has_an_empty_catalogue(package):
    catalogue = Catalogue.of_package(package())
    assert catalogue.path is None
    assert catalogue.models("acme") == []
    assert catalogue.info("acme", "m") == model_io.ModelInfo("acme", "m")


@pytest.mark.parametrize("name", ["no_such_package", "__main__", "json.decoder", "sys"])
def test_what_is_no_package_has_an_empty_catalogue(name):
    assert Catalogue.of_package(name).models("acme") == []


def test_the_catalogue_of_a_package_is_read_once(package):
    name = package(TREE)
    assert Catalogue.of_package(name) is Catalogue.of_package(name)


def test_nobody_can_change_what_others_are_told(package):
    catalogue = Catalogue.of_package(package(TREE))
    catalogue.info("acme", "m-1").capabilities = frozenset()
    catalogue.models("acme").clear()
    assert catalogue.models("acme")[0].capabilities == {"vision", "tools"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"name": "x", "capabilities": ["tools", "smell"]}, "x: unknown capability 'smell'"),
        ({"name": "x", "capabilities": ["tools", ["a"]]}, "x: unknown capability ['a']"),
        ({"name": "x", "capabilities": ["tools"], "max_output": -1}, "x: max_output is -1, not a number of at least 1"),
        ({"name": "x", "capabilities": ["tools"], "window": 5}, "x: unknown field 'window'"),
    ],
)
def test_what_is_not_understood_of_a_model_is_left_out_and_reported(package, entry, problem):
    catalogue = Catalogue.of_package(package({"models": [entry]}))
    assert catalogue.problems == (problem,)
    assert catalogue.models("acme") == [model_io.ModelInfo("acme", "x", frozenset({"tools"}))]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"name": "x", "kind": "rerank"}, "x: unknown kind 'rerank'"),
        ({"capabilities": []}, "models[1] has no name"),
        ("x", "models[1] has no name"),
        ({"name": "m"}, "m is there twice"),
    ],
)
def test_a_model_that_is_not_understood_is_left_out_and_reported(package, entry, problem):
    catalogue = Catalogue.of_package(package({"models": [{"name": "m"}, entry]}))
    assert catalogue.problems == (problem,)
    assert [info.name for info in catalogue.models("acme")] == ["m"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1"),
        ("\x00", "line 1"),
        ("[]", "it is not an object"),
        ('{"models": {}}', "models is not a list"),
        ('{"defaults": []}', "defaults is not an object"),
        ('{"providers": {"a": 1}}', "providers.a is not an object"),
        ('{"key_variables": "A"}', "key_variables is not a list of names"),
    ],
)
def test_a_file_that_is_no_catalogue_is_an_error_that_names_it(package, text, why):
    name = package(text)
    with pytest.raises(BadSetting, match=why) as caught:
        Catalogue.of_package(name)
    assert f"{name}/models.json" in str(caught.value)


def test_the_error_for_a_plugin_names_its_distribution(package):
    name = package("{")
    entry = PluginEntry("models", "acme", f"{name}.plugin:AcmePlugin", "trouplet-acme", "1.2")
    with pytest.raises(BadSetting, match=r"plugin 'acme' \(trouplet-acme 1.2\)") as caught:
        Catalogue.of_plugin(entry)
    assert "pip install --force-reinstall trouplet-acme" in caught.value.fix


def test_a_file_that_cannot_be_read_is_an_error(package, tmp_path):
    name = package()
    (tmp_path / name / "models.json").mkdir()
    with pytest.raises(BadSetting, match="not a catalogue"):
        Catalogue.of_package(name)


def test_a_package_in_an_archive_has_a_catalogue_too(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w") as archive:
        archive.writestr("zipped_with/__init__.py", "raise RuntimeError('imported')")
        archive.writestr("zipped_with/models.json", json.dumps(TREE))
        archive.writestr("zipped_without/__init__.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "wheel.zip"))
    assert len(Catalogue.of_package("zipped_with").models("acme")) == 3
    assert Catalogue.of_package("zipped_without").models("acme") == []


def test_reading_a_catalogue_imports_neither_the_package_nor_anything_heavy(package, tmp_path):
    name = package(TREE)
    code = (
        "import sys; from trouplet.catalogue import Catalogue; assert 'json' not in sys.modules;"
        f"print(len(Catalogue.of_package({name!r}).models('acme')), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    count, *modules = done.stdout.split()
    assert count == "3"
    assert not {name, "pydantic", "pluggy", "importlib_metadata", "asyncio", "pathlib"} & set(modules)


def test_the_names_of_capabilities_are_those_of_the_type():
    tree = ast.parse(Path(model_io.__file__).read_text("utf-8"))
    [alias] = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and node.target.id == "Capability"]
    assert {name.value for name in alias.value.slice.elts} == model_io.CAPABILITIES
