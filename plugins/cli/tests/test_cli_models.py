"""``trouplet models``: what it lists, what it tells about one, and what it must not import for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trouplet.discovery import PluginIndex

TREE = {
    "defaults": {"capabilities": ["tools", "streaming"]},
    "models": [
        {"name": "rocket", "capabilities": ["tools", "vision"], "context_window": 128000, "max_output": 8192},
        {"name": "embed", "kind": "embedding", "dimensions": 1536, "context_window": 8192},
    ],
}

PLUGIN = """
from trouplet.hooks import hookimpl
from trouplet.model_io import ModelInfo

class Plugin:
    plugin_api = (1, 0)

    def __init__(self, context):
        pass

    @hookimpl
    def list_models(self):
        return [ModelInfo("{name}", "told", frozenset({{"tools"}}), 1000)]
"""


class Site:
    """A folder with installed providers, and the command line in processes that see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, *, tree: object = None, code: str | None = None) -> None:
        """Install the provider ``name``: with data, with code, or with data and a package that must not be imported."""
        package = self.folder / f"trouplet_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(code or "raise RuntimeError('imported')")
        if tree is not None:
            (package / "models.json").write_text(tree if isinstance(tree, str) else json.dumps(tree))
        info = self.folder / f"trouplet_{name}-2.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: trouplet-{name}\nVersion: 2.1\n")
        (info / "RECORD").write_text("")
        (info / "entry_points.txt").write_text(f"[trouplet.models]\n{name} = trouplet_{name}:Plugin\n")

    def models(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "trouplet_cli", "models", *arguments, **environ)

    def python(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run Python; without prices, whose look-up takes the longest, unless ``TROUPLET_BLOCK`` is given."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "TROUPLET_BLOCK": "trouplet-usage", **environ}
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=60, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def row_of(listing: str, id: str) -> list[str]:
    [line] = [line for line in listing.splitlines() if line.startswith(f"{id} ")]
    return line.split()[1:]


def test_the_models_are_those_of_the_packages_data(site):
    site.add("acme", tree=TREE)
    shown = site.models().stdout
    assert row_of(shown, "acme:rocket")[:2] == ["128.0k", "8.2k"]
    assert row_of(shown, "acme:rocket")[-2:] == ["tools", "vision"]
    assert row_of(shown, "acme:embed")[-2:] == ["embedding", "1536"]
    assert "test:echo" in shown


IMPORTS = """
import sys
imported = set()
sys.addaudithook(lambda event, args: imported.add(args[0].partition(".")[0]) if event == "import" else None)
from trouplet_cli.app import main
sys.argv = ["trouplet", "models", *sys.argv[1:]]
try:
    main()
finally:
    print(*imported, *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def imported_by(site: Site, *arguments: str) -> set[str]:
    done = site.python("-c", IMPORTS, *arguments, TROUPLET_BLOCK="")
    assert done.returncode == 0, done.stderr
    return {name for name in done.stderr.split() if name.startswith("trouplet_")} - {"trouplet_cli", "trouplet_usage"}


def test_the_list_imports_no_provider_at_all(site):
    site.add("acme", tree=TREE)
    site.add("silent", code=PLUGIN.format(name="silent"))
    assert imported_by(site) == set()
    assert imported_by(site, "--json") == set()


def test_one_model_and_one_provider_with_data_import_none_either(site):
    site.add("acme", tree=TREE)
    assert imported_by(site, "acme:rocket") == set()
    assert imported_by(site, "--provider", "acme") == set()


def test_a_provider_without_data_is_named_and_only_that_one_is_loaded_when_it_is_asked(site):
    site.add("acme", tree=TREE)
    site.add("silent", code=PLUGIN.format(name="silent"))
    site.add("broken")
    assert row_of(site.models().stdout, "silent:") == ["ask:", "trouplet", "models", "--provider", "silent"]
    assert row_of(site.models("--provider", "silent").stdout, "silent:told")[0] == "1.0k"
    assert imported_by(site, "--provider", "silent") == {"trouplet_silent"}


def test_a_plugin_that_fails_when_it_is_asked_is_named(site):
    site.add("broken")
    done = site.models("--provider", "broken")
    assert done.returncode == 3
    assert "TP-201 plugin 'broken' (trouplet-broken 2.1)" in done.stderr


def test_a_provider_that_takes_any_model_says_so(site):
    site.add("acme", tree={"models": []})
    assert row_of(site.models().stdout, "acme:") == ["any:", "write", "its", "name", "as", "the", "service", "does"]


def test_blocked_providers_are_not_listed(site):
    site.add("acme", tree=TREE)
    assert "acme" not in site.models(TROUPLET_BLOCK="trouplet-acme").stdout
    done = site.models("acme:rocket", TROUPLET_BLOCK="acme")
    assert done.returncode == 3
    assert "TP-205" in done.stderr


def test_broken_data_costs_only_the_provider_that_they_are_of(site):
    site.add("acme", tree=TREE)
    site.add("broken", tree="{")
    done = site.models()
    assert "acme:rocket" in done.stdout
    assert "plugin 'broken' (trouplet-broken 2.1)" in done.stderr
    assert done.returncode == 0


def test_what_was_left_out_of_the_data_is_told(site):
    site.add("acme", tree={"models": [{"name": "m", "capabilities": ["smell"]}]})
    assert "models.json: m: unknown capability 'smell'" in site.models().stderr


# --- one model


def test_one_model_is_told_in_words(site):
    site.add("acme", tree=TREE)
    shown = site.models("acme:rocket").stdout
    for line in (
        "plugin          trouplet-acme 2.1",
        "context window  128,000 tokens",
        "max output      8,192 tokens",
        "vision              yes  takes images",
        "thinking            no   thinks before it answers",
    ):
        assert f"  {line}\n" in shown


def test_an_embedding_model_is_told_with_its_dimensions_and_without_what_chat_models_do(site):
    site.add("acme", tree=TREE)
    shown = site.models("acme:embed").stdout
    assert "dimensions      1536" in shown
    assert "max output" not in shown
    assert "system prompt" not in shown


def test_an_unknown_model_of_a_known_provider_is_shown_as_what_is_assumed(site):
    site.add("acme", tree=TREE)
    done = site.models("acme:rokcet")
    assert done.returncode == 0
    assert "not in the catalogue of trouplet-acme 2.1; shown is what is assumed" in done.stdout
    assert "streaming           yes" in done.stdout
    assert "Did you mean 'rocket'?" in done.stderr


def test_a_version_of_a_model_is_told_as_that_model(site):
    site.add("acme", tree=TREE)
    shown = site.models("acme:rocket-2026-01-01").stdout
    assert "known as rocket" in shown
    assert "128,000" in shown


@pytest.mark.parametrize(
    ("model", "code", "text"),
    [
        ("amce:rocket", 3, "TP-102 unknown provider 'amce' in 'amce:rocket'. Did you mean 'acme'?"),
        ("rocket", 3, "TP-104 'rocket' has no provider."),
        ("acme", 2, "trouplet models --provider acme"),
    ],
)
def test_a_name_that_leads_nowhere_is_an_error_that_says_what_to_type(site, model, code, text):
    site.add("acme", tree=TREE)
    done = site.models(model)
    assert done.returncode == code
    assert text in done.stderr


def test_a_known_provider_that_is_not_installed_is_told_with_its_distribution(trouplet, monkeypatch):
    monkeypatch.setattr("trouplet_cli.models_installed.scan", lambda: PluginIndex([]))
    done = trouplet("models", "openai:gpt-5-mini")
    assert done.exit_code == 3
    assert "TP-103 'openai:gpt-5-mini' needs the plugin trouplet-openai." in done.stderr


# --- keys


def test_it_is_told_whether_a_key_is_set_and_never_the_key(site):
    site.add("acme", tree=TREE)
    assert (
        "key             not set. Set ACME_API_KEY or run: trouplet keys set acme" in site.models("acme:rocket").stdout
    )
    done = site.models("acme:rocket", ACME_API_KEY="sk-canary")
    assert "key             set (ACME_API_KEY)" in done.stdout
    assert "canary" not in done.stdout + done.stderr


def test_a_key_of_the_key_file_counts(site, home):
    site.add("acme", tree=TREE | {"key_variables": ["OTHER"]})
    (home / "config").mkdir()
    (home / "config" / "keys.json").write_text('{"acme": "sk-canary"}')
    assert "key             set (keys.json)" in site.models("acme:rocket").stdout


def test_a_provider_that_needs_no_key_is_told_so(site):
    site.add("acme", tree=TREE | {"key_variables": []})
    assert "key             not needed" in site.models("acme:rocket").stdout
    assert json.loads(site.models("acme:rocket", "--json").stdout)[0]["key_set"] is None


# --- prices


def price_cells(listing: str, id: str) -> list[str]:
    return row_of(listing, id)[2:5]


def test_prices_are_those_of_the_library_and_an_unknown_one_is_never_zero(site):
    pytest.importorskip("trouplet_usage")
    site.add("acme", tree=TREE)
    site.add("deepseek_clone", tree={"models": [{"name": "m"}], "defaults": {"free": True}})
    shown = site.models(TROUPLET_BLOCK="").stdout
    assert price_cells(shown, "acme:rocket") == ["—", "—", "—"]
    assert price_cells(shown, "deepseek_clone:m") == ["free", "free", "free"]
    assert "price           — (unknown)" in site.models("acme:rocket", TROUPLET_BLOCK="").stdout
    assert json.loads(site.models("acme:rocket", "--json", TROUPLET_BLOCK="").stdout)[0]["price"] is None


def test_prices_of_the_configuration_are_shown(site, home):
    pytest.importorskip("trouplet_usage")
    site.add("acme", tree=TREE)
    (home / "config").mkdir()
    prices = '[config.usage.prices]\n"acme:rocket" = {input = 1.5, cached = 0.125, output = 6}\n'
    (home / "config" / "config.toml").write_text(prices)
    assert price_cells(site.models(TROUPLET_BLOCK="").stdout, "acme:rocket") == ["1.50", "0.125", "6.00"]
    assert "cached input    $0.125 per million tokens" in site.models("acme:rocket", TROUPLET_BLOCK="").stdout


def test_without_the_plugin_for_prices_it_is_told_how_to_get_them(site):
    site.add("acme", tree=TREE)
    shown = site.models().stdout
    assert "PRICE (pip install trouplet-usage)" in shown.splitlines()[0]
    assert row_of(shown, "acme:rocket")[2] == "—"
    told = site.models("acme:rocket").stdout
    assert "price           to see it: pip install trouplet-usage" in told
    data = json.loads(site.models("--provider", "acme", "--json").stdout)
    assert all("price" not in model for model in data)


# --- forms


def test_json_is_an_array_of_objects(site):
    site.add("acme", tree=TREE)
    site.add("silent")
    [rocket, embed] = json.loads(site.models("--provider", "acme", "--json").stdout)
    assert rocket == {
        "id": "acme:rocket",
        "provider": "acme",
        "name": "rocket",
        "kind": "chat",
        "context_window": 128000,
        "max_output": 8192,
        "dimensions": None,
        "capabilities": ["tools", "vision"],
    }
    assert (embed["kind"], embed["dimensions"]) == ("embedding", 1536)
    listed = json.loads(site.models("--json").stdout)
    assert {"id": None, "provider": "silent", "ask": "trouplet models --provider silent"} in listed


def test_the_page_about_one_model_has_its_data_too(site):
    site.add("acme", tree=TREE)
    [data] = json.loads(site.models("acme:rocket-eu", "--json", ACME_API_KEY="x").stdout)
    assert (data["id"], data["known_as"], data["key_set"]) == ("acme:rocket-eu", "rocket", True)
    assert data["plugin"] == "trouplet-acme 2.1"


COMPLETION = "import sys; sys.argv[0] = 'trouplet'; from trouplet_cli.app import main; main()"


def test_names_of_models_are_completed_from_data(site):
    site.add("acme", tree=TREE)
    words = {"_TROUPLET_COMPLETE": "zsh_complete", "COMP_WORDS": "trouplet models acme:r", "COMP_CWORD": "2"}
    done = site.python("-c", COMPLETION, **words)
    assert "rocket" in done.stdout
    assert "embed" not in done.stdout


@pytest.mark.parametrize("words", ["trouplet models a", "trouplet models -p a"])
def test_a_configuration_that_cannot_be_read_completes_nothing_and_prints_nothing(site, home, words):
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("[")
    count = str(len(words.split()) - 1)
    done = site.python("-c", COMPLETION, _TROUPLET_COMPLETE="zsh_complete", COMP_WORDS=words, COMP_CWORD=count)
    assert done.stdout.strip() == done.stderr == ""
