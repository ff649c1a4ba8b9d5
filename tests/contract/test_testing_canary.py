"""The canary sweep."""

import base64
from urllib.parse import quote

import pytest

from trouplet.secret import Secret
from trouplet.testing import Canaries, CanaryFound

CANARIES = Canaries(seed=7)
KEY = CANARIES["openai"]


class Leaky:
    def __repr__(self):
        return f"Leaky(key={KEY})"


HIDING_PLACES = {
    "text": f"key={KEY};",
    "bytes": b"\xff" + KEY.encode(),
    "the beginning": f"{KEY[:24]}…",
    "the end": f"…{KEY[-14:]}",
    "base64": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "base64, shifted by one": base64.b64encode(f"users:{KEY}".encode()),
    "base64, shifted by two": base64.b64encode(f"userss:{KEY}".encode()),
    "hexadecimal": KEY.encode().hex(),
    "percent-encoded": quote(f"a={KEY}&", safe=""),
    "the repr of an object": [Leaky()],
    "an exception": ValueError(f"401 for {KEY}"),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_secret_is_found_wherever_it_hides(place):
    assert CANARIES.sweep(HIDING_PLACES[place])


def test_what_holds_no_secret_is_clean():
    CANARIES.assert_unseen("sk-proj-", b"AIza", {"key": Secret(KEY)}, ValueError("401"), Canaries(seed=8)["openai"])


def test_an_exceptions_cause_is_searched():
    error = ValueError("clean")
    error.__cause__ = KeyError(KEY)
    assert CANARIES.sweep(error)


def test_folders_are_searched_with_their_names(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "clean.txt").write_text("nothing")
    CANARIES.assert_unseen(tmp_path)
    (tmp_path / "deep" / "log.bin").write_bytes(b"\x00" + KEY.encode())
    assert "log.bin" in CANARIES.sweep(tmp_path)[0]
    (tmp_path / "deep" / "log.bin").rename(tmp_path / KEY)
    assert any("a path" in sighting for sighting in CANARIES.sweep(tmp_path))


def test_the_report_names_the_secret_and_the_place_and_never_shows_it():
    with pytest.raises(CanaryFound, match=r"openai \(plain\) in text") as caught:
        CANARIES.assert_unseen(f"key={KEY}")
    assert not CANARIES.sweep(str(caught.value))


def test_canaries_have_the_shapes_and_variables_of_real_keys_and_differ_each_time():
    assert CANARIES["anthropic"].startswith("sk-ant-")
    assert CANARIES.environ["GEMINI_API_KEY"] == CANARIES["google"]
    assert len(set(CANARIES.environ.values())) == len(list(CANARIES))
    assert Canaries()["openai"] != Canaries()["openai"]
