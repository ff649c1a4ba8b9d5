"""What installed metadata says, whatever its state, without importing anything."""

import sys
import threading
import time

import pytest

from trouplet import discovery


def _of(index, distribution):
    return [entry for entry in index.entries if entry.distribution == distribution]


def _problem(index, text):
    return next(problem for problem in index.problems if text in problem.distribution)


def test_an_entry_point_becomes_an_entry_with_its_distribution_and_version(site):
    site.add("trouplet-one", {"models:one": "one.plugin:P [extra]"}, version="1.2.3")
    (entry,) = site.index().find("models", "one")
    assert entry == ("models", "one", "one.plugin:P", "trouplet-one", "1.2.3")


def test_groups_of_plugins_that_define_kinds_are_indexed_too(site):
    site.add("trouplet-one", {"evaluation.executors:ray": "one:P"})
    assert site.index().names("evaluation.executors") == ["ray"]


def test_groups_of_others_are_left_alone(site):
    site.add("other", b"[console_scripts]\ntrouplet = x:y\n[troupletish]\na = b:c\n")
    assert _of(site.index(), "other") == []


def test_listing_imports_no_plugin(site):
    site.add("trouplet-one", {"models:one": "one:P"}, {"one": "raise RuntimeError"})
    site.index()
    assert "one" not in sys.modules


def test_names_and_kinds_are_sorted(site):
    site.add("trouplet-one", {"kind.one:b": "x:P", "kind.one:a": "x:P", "kind.two:a": "x:P"})
    index = site.index()
    assert index.names("kind.one") == ["a", "b"]
    assert index.kinds("a") == ["kind.one", "kind.two"]


@pytest.mark.parametrize(
    "content",
    [
        "[trouplet.models]\nbroken = x:P\n".encode("utf-16"),
        b"[trouplet.models]\nbr\xff\xfeken = x:P\n",
        b"[trouplet.models]\nno equals sign\n",
    ],
    ids=["utf-16", "latin", "no-value"],
)
def test_an_unreadable_entry_points_file_is_a_problem_and_hides_nothing_else(site, content):
    site.add("trouplet-good", {"models:fine": "x:P"})
    info = site.add("trouplet-broken", content, version="0.3")
    index = site.index()
    problem = _problem(index, "broken")
    assert (problem.version, problem.path, problem.usable) == ("0.3", str(info), False)
    assert "pip install --force-reinstall trouplet_broken" in problem.fix
    assert index.names("models").count("fine") == 1


@pytest.mark.parametrize("metadata", [b"", b"Name: x\n", b"\xff\xfe\x00", b"\n\nName: x\nVersion: 1\n"])
def test_broken_metadata_is_a_problem_that_names_the_distribution(site, metadata):
    site.add("trouplet-broken", {"models:x": "x:P"}, metadata=metadata)
    index = site.index()
    assert _problem(index, "trouplet_broken").reason
    assert index.find("models", "x") == []


def test_missing_metadata_is_a_problem_that_names_the_distribution(site):
    (site.add("trouplet-broken", {"models:x": "x:P"}) / "METADATA").unlink()
    assert "no METADATA" in _problem(site.index(), "trouplet_broken").reason


def test_broken_metadata_of_a_distribution_without_plugins_is_nobodys_business(site):
    site.add("other", {}, metadata=b"\xff")
    assert [problem for problem in site.index().problems if "other" in problem.distribution] == []


def test_a_missing_record_is_a_problem_but_the_plugin_is_usable(site):
    (site.add("trouplet-one", {"models:one": "x:P"}) / "RECORD").unlink()
    index = site.index()
    assert _problem(index, "trouplet-one").usable
    assert index.names("models").count("one") == 1


def test_a_distribution_that_is_installed_twice_in_one_folder_counts_once_and_is_a_problem(site):
    site.add("trouplet-one", {"models:one": "x:P"}, version="1.0")
    site.add("trouplet-one", {"models:one": "x:P"}, version="1.1")
    index = site.index()
    assert len(index.find("models", "one")) == 1
    problem = _problem(index, "trouplet-one")
    assert problem.usable
    assert "installed twice" in problem.reason


def test_a_rest_of_a_distribution_does_not_hide_the_one_that_is_whole(site):
    site.add("trouplet-one", {"models:one": "x:P"}, version="1.0")
    (site.folder / "trouplet_one-1.1.dist-info").mkdir()
    assert [entry.version for entry in site.index().find("models", "one")] == ["1.0"]


def test_what_an_interrupted_pip_left_over_is_a_problem_and_no_conflict(site):
    site.add("trouplet-one", {"models:one": "x:P"}, version="1.1")
    left = site.add("trouplet-one", {"models:one": "x:P"}, version="1.0")
    left.rename(left.with_name("~rouplet_one-1.0.dist-info"))
    index = site.index()
    assert [entry.version for entry in index.find("models", "one")] == ["1.1"]
    assert _problem(index, "~rouplet").fix.startswith("delete ")


def test_an_earlier_folder_of_the_path_shadows_a_later_one_silently(site, tmp_path, monkeypatch):
    site.add("trouplet-one", {"models:one": "x:P"}, version="1.0")
    later = tmp_path / "later"
    later.mkdir()
    type(site)(later).add("trouplet-one", {"models:one": "x:P"}, version="2.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later)])
    index = site.index()
    assert [entry.version for entry in index.find("models", "one")] == ["1.0"]
    assert [problem for problem in index.problems if "one" in problem.distribution] == []


def test_a_folder_that_is_on_the_path_twice_is_no_problem(site, monkeypatch):
    site.add("trouplet-one", {"models:one": "x:P"})
    monkeypatch.setattr(sys, "path", [*sys.path, str(site.folder)])
    index = site.index()
    assert len(index.find("models", "one")) == 1
    assert [problem for problem in index.problems if "one" in problem.distribution] == []


def test_an_import_finder_that_fails_is_a_problem_too(site, monkeypatch):
    class Finder:
        def find_distributions(self, context=None):
            raise RuntimeError("no network")

        def find_spec(self, *_):
            return None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert any("no network" in problem.reason for problem in site.index().problems)


def test_a_process_scans_once_until_it_is_asked_to_scan_again(site):
    first = site.index()
    site.add("trouplet-one", {"models:one": "x:P"})
    assert discovery.scan() is first
    assert discovery.rescan().find("models", "one")


def test_threads_that_scan_at_the_same_time_get_one_index(site):
    site.index()
    discovery._process_scan.forget()
    found = []
    threads = [threading.Thread(target=lambda: found.append(discovery.scan())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_a_hundred_plugins_are_found_quickly_and_none_is_imported(site):
    for number in range(100):
        module = f"hundred_{number}"
        site.add(f"trouplet-h{number}", {f"models:h{number}": f"{module}:P"}, {module: "raise RuntimeError"})
    site.index()
    discovery._process_scan.forget()
    start = time.process_time()
    index = discovery.scan()
    spent = time.process_time() - start
    assert sum(entry.distribution.startswith("trouplet-h") for entry in index.entries) >= 100
    assert [name for name in sys.modules if name.startswith("hundred_")] == []
    assert spent < 2.0  # 0.2 s is the aim on a quiet machine


def test_what_cannot_be_read_has_no_requirements_and_no_version(site):
    site.add("trouplet-broken", {}, metadata=b"\xff\xfe")
    assert discovery.requires("trouplet-broken") == []
    assert discovery.installed_version("trouplet-broken") is None
    assert discovery.requires("there-is-no-such-distribution") == []
    assert discovery.installed_version("there-is-no-such-distribution") is None
