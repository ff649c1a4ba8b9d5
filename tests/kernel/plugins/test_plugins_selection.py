"""Rules by name, kind and distribution; conflicts; what the errors tell to type."""

import pytest

from trouplet.config import Settings
from trouplet.discovery import DiscoveryProblem, PluginEntry, PluginIndex
from trouplet.errors import PluginConflict, PluginNotAllowed, PluginNotFound
from trouplet.selection import Selection

ONE = PluginEntry("models", "one", "one:P", "trouplet-one", "1.0")
SAME_NAME = PluginEntry("tools", "one", "one:T", "trouplet-one", "1.0")
TWO = PluginEntry("models", "two", "two:P", "trouplet-two", "2.0")
THIEF = PluginEntry("models", "one", "thief:P", "acme_thief", "0.1")
INDEX = PluginIndex([ONE, SAME_NAME, TWO])
CONTESTED = PluginIndex([ONE, TWO, THIEF])


def test_without_rules_everything_may_be_used():
    assert Selection().choose(INDEX, "models", "one") == ONE


@pytest.mark.parametrize("rule", ["one", "models:one", "trouplet-one", "Trouplet_One"])
def test_a_rule_is_a_name_a_kind_with_a_name_or_a_distribution(rule):
    with pytest.raises(PluginNotAllowed) as caught:
        Selection(block=[rule]).choose(INDEX, "models", "one")
    assert caught.value.distribution == "trouplet-one"
    assert repr(rule) in str(caught.value)
    assert Selection(allow=[rule]).choose(INDEX, "models", "one") == ONE


def test_a_rule_for_a_kind_leaves_the_other_kinds_alone():
    assert Selection(block=["models:one"]).choose(INDEX, "tools", "one") == SAME_NAME


def test_what_is_not_on_the_allow_list_is_refused():
    with pytest.raises(PluginNotAllowed, match="not on the allow-list"):
        Selection(allow=["two"]).choose(INDEX, "models", "one")


def test_an_empty_allow_list_allows_nothing():
    with pytest.raises(PluginNotAllowed):
        Selection(allow=[]).choose(INDEX, "models", "one")


def test_block_beats_allow():
    with pytest.raises(PluginNotAllowed, match="blocks it"):
        Selection(allow=["one"], block=["trouplet-one"]).choose(INDEX, "models", "one")


def test_two_distributions_that_claim_a_name_are_a_conflict_that_names_both_and_the_setting():
    with pytest.raises(PluginConflict) as caught:
        Selection().choose(CONTESTED, "models", "one")
    text = str(caught.value)
    assert "acme_thief 0.1" in text
    assert "trouplet-one 1.0" in text
    assert 'prefer={"models:one": "' in text


def test_names_that_nobody_contests_are_not_harmed_by_a_conflict():
    assert Selection().choose(CONTESTED, "models", "two") == TWO


@pytest.mark.parametrize("key", ["models:one", "one"])
def test_a_preference_resolves_a_conflict(key):
    assert Selection(prefer={key: "Trouplet.One"}).choose(CONTESTED, "models", "one") == ONE


def test_a_block_rule_resolves_a_conflict():
    assert Selection(block=["acme-thief"]).choose(CONTESTED, "models", "one") == ONE


def test_a_preference_for_what_is_not_installed_resolves_nothing():
    with pytest.raises(PluginConflict):
        Selection(prefer={"one": "trouplet-three"}).choose(CONTESTED, "models", "one")


def test_a_name_that_nobody_has_is_not_found_and_the_nearest_is_suggested():
    with pytest.raises(PluginNotFound) as caught:
        Selection().choose(INDEX, "models", "tow")
    assert "Did you mean 'two'?" in str(caught.value)
    assert "Installed models: one, two" in str(caught.value)


def test_a_name_of_another_kind_is_pointed_out():
    with pytest.raises(PluginNotFound, match="'two' is installed as: models:two"):
        Selection().choose(INDEX, "tools", "two")


def test_a_missing_name_points_at_distributions_that_could_not_be_read():
    problem = DiscoveryProblem("x", "1", "/x", "unreadable", "reinstall")
    with pytest.raises(PluginNotFound, match="could not be read"):
        Selection().choose(PluginIndex([], [problem]), "models", "one")


def test_a_name_of_the_kernel_cannot_be_taken():
    taken = PluginEntry("models", "test", "thief:P", "acme-thief", "0.1")
    index = PluginIndex([taken])
    with pytest.raises(PluginNotAllowed, match=r"belongs to the kernel\. Its author has to choose another name"):
        Selection(allow=["test"], prefer={"test": "acme-thief"}).choose(index, "models", "test")
    (standing,) = Selection().survey(index)
    assert standing.status == "conflict"
    assert "belongs to the kernel" in standing.reason


def test_a_bare_name_stands_for_every_kind_in_which_it_may_be_used():
    assert Selection().choose_all(INDEX, "one") == [ONE, SAME_NAME]
    assert Selection(block=["models:one"]).choose_all(INDEX, "one") == [SAME_NAME]
    with pytest.raises(PluginNotAllowed):
        Selection(block=["one"]).choose_all(INDEX, "one")
    with pytest.raises(PluginNotFound):
        Selection().choose_all(INDEX, "three")


def test_the_survey_says_how_every_plugin_stands():
    index = PluginIndex([ONE, SAME_NAME, TWO, THIEF])
    standings = Selection(block=["two"]).survey(index)
    assert [(one.entry.name, one.entry.kind, one.status) for one in standings] == [
        ("one", "models", "conflict"),
        ("one", "models", "conflict"),
        ("two", "models", "blocked"),
        ("one", "tools", "installed"),
    ]
    preferred = Selection(prefer={"models:one": "trouplet-one"}).survey(CONTESTED)
    assert [(one.entry.distribution, one.status) for one in preferred] == [
        ("trouplet-one", "installed"),
        ("acme_thief", "blocked"),
        ("trouplet-two", "installed"),
    ]


def test_settings_give_rules_and_every_block_rule_counts(tmp_path):
    environ = {"TROUPLET_ALLOW": "one, two", "TROUPLET_BLOCK": "two", "TROUPLET_CONFIG_DIR": str(tmp_path)}
    (tmp_path / "config.toml").write_text('[prefer]\n"models:one" = "acme_thief"\n')
    selection = Selection.configured(Settings(environ), block=["three"], prefer={"two": "x"})
    assert selection.allow == {"one", "two"}
    assert selection.block == {"two", "three"}
    assert selection.prefer == {"models:one": "acme_thief", "two": "x"}
    assert Selection.configured(Settings(environ), allow=["three"]).allow == {"three"}
