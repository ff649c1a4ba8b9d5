"""Reading JSON that is still being written, however it is cut."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trouplet_local.json_stream import JsonMembers, StringDecoder

quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = (
    SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=2), max_size=3)
)
KEYS = st.text("abcdef_", min_size=1, max_size=6)
CUTS = st.lists(st.integers(0, 400), max_size=12)
STYLES = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}])


def cut(text, places):
    ends = [*sorted({min(place, len(text)) for place in places}), len(text)]
    return [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def members(pieces):
    reader, found = JsonMembers(), {}
    for piece in pieces:
        for key, value in reader.feed(piece):
            found[key] = found.get(key, "") + value
    return found


@quick
@given(st.dictionaries(KEYS, VALUES, max_size=4), CUTS, STYLES, st.booleans())
def test_members_are_found_wherever_the_text_is_cut(value, places, style, ascii_only):
    found = members(cut(json.dumps(value, ensure_ascii=ascii_only, **style), places))
    for key, member in value.items():
        raw = found.get(key, "")
        if isinstance(member, str):
            assert json.loads(f'"{raw}"') == member
        else:
            assert json.loads(raw) == member


@quick
@given(TEXT, CUTS, st.booleans())
def test_a_string_is_decoded_wherever_it_is_cut(text, places, ascii_only):
    raw = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    decoder = StringDecoder()
    assert "".join([*[decoder.feed(piece) for piece in cut(raw, places)], decoder.flush()]) == text


@quick
@given(st.text('\\u"dD8c0nx', max_size=24), CUTS)
def test_nonsense_never_raises_and_gives_the_same_text_however_it_is_cut(raw, places):
    def decoded(pieces):
        decoder = StringDecoder()
        return "".join([*[decoder.feed(piece) for piece in pieces], decoder.flush()])

    assert decoded(cut(raw, places)) == decoded([raw])
    decoded([raw]).encode()


@quick
@given(st.text('{}[],:"\\ ab1', max_size=40), CUTS)
def test_text_that_is_no_json_never_raises(text, places):
    members(cut(text, places))


def test_a_lone_surrogate_becomes_a_replacement_character():
    decoder = StringDecoder()
    assert decoder.feed("a\\ud83db\\udc00") + decoder.flush() == "a\ufffdb\ufffd"


def test_an_answer_is_given_out_before_it_is_whole():
    reader = JsonMembers()
    assert list(reader.feed('{"answer": "It is')) == [("answer", "It is")]
    assert list(reader.feed(' 42"')) == [("answer", " 42")]
    assert list(reader.feed("}")) == []


def test_members_of_inner_objects_are_not_members():
    assert members(['{"arguments": {"answer": "no"}, "answer": "yes"}']) == {
        "arguments": '{"answer": "no"}',
        "answer": "yes",
    }
