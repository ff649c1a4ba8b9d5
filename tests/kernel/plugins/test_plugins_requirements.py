"""The hint why a plugin does not import: what it needs and what is installed."""

import pytest

from trouplet.requirements import satisfies, unmet


@pytest.mark.parametrize(
    ("version", "specifier", "met"),
    [
        ("2.3.0", ">=1.13,<2", False),
        ("1.26.0", ">=1.13,<2", True),
        ("1.9", ">=1.13", False),
        ("1.13", ">=1.13.0", True),
        ("2.0.0", "==2.*", True),
        ("2.0.0", "==2", True),
        ("2.1", "!=2.*", False),
        ("2.1", "!=2.1", False),
        ("1.4.9", "~=1.4.2", True),
        ("1.5.0", "~=1.4.2", False),
        ("1.9", "~=1.4", True),
        ("1.4", "<=1.4", True),
        ("1.4.1", ">1.4", True),
        ("2.0rc1", ">=2", True),
        ("1!2.0", ">=2", True),
        ("1.0", "", True),
        ("1.0", "===1.0.special", True),
    ],
)
def test_release_numbers_are_compared_as_installers_do(version, specifier, met):
    assert satisfies(version, specifier) is met


def test_unmet_requirements_say_what_is_wanted_and_what_is_there(site):
    site.add("fakesdk", {}, version="2.3.0")
    site.add("trouplet-one", {}, requires=("fakesdk (>=1.13,<2)", "no-such-thing[fast]>=1"))
    found = list(map(str, unmet("trouplet-one")))
    assert found == ["needs fakesdk(>=1.13,<2), found fakesdk 2.3.0", "needs no-such-thing[fast]>=1, found none"]


def test_requirements_with_conditions_are_taken_as_met(site):
    needs = ('absent; extra == "fast"', 'absent; python_version < "3"', "absent @ file:///absent.whl")
    site.add("trouplet-one", {}, requires=needs)
    assert unmet("trouplet-one") == []
