"""The lazy packages: every public name leads somewhere, and no module takes its place once it is imported."""

import importlib
import pkgutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("plugins/*/src/*/__init__.py"))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_of_a_plugin_leads_somewhere(name: str) -> None:
    package = importlib.import_module(name)
    for public in getattr(package, "__all__", ()):
        assert getattr(package, public) is not None


@pytest.mark.parametrize("name", PACKAGES)
def test_no_module_of_a_plugin_has_the_name_of_something_else(name: str) -> None:
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert modules & set(getattr(package, "__all__", ())) == set()
