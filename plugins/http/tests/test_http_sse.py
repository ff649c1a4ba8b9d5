"""The event stream decoder against the WHATWG rules, and the line decoder beside it."""

import itertools
import random
import re
import subprocess
import sys
import time
import tracemalloc

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trouplet_http import EventStreamDecoder, LineDecoder, RecordTooLarge, ServerSentEvent


def interpret(stream: bytes) -> list[tuple[str, str, str]]:
    """Interpret an event stream as the standard is written, one rule after the other and without any haste."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)[:-1]
    data, event, last_id, events = "", "", "", []
    for line in lines:
        if line == "":
            if data:
                events.append((data.removesuffix("\n"), event or "message", last_id))
            data, event = "", ""
            continue
        if line.startswith(":"):
            continue
        name, colon, value = line.partition(":")
        value = value[1:] if colon and value.startswith(" ") else value
        if name == "data":
            data += value + "\n"
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


def decode(pieces: list[bytes]) -> list[tuple[str, str, str]]:
    decoder = EventStreamDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()
    return [(event.data, event.event, event.id) for event in events]


MESSAGE = "message"
BASE_CASES = {
    "line feeds": (b"data: a\n\ndata: b\n\n", [("a", MESSAGE, ""), ("b", MESSAGE, "")]),
    "carriage returns": (b"data: a\r\rdata: b\r\r", [("a", MESSAGE, ""), ("b", MESSAGE, "")]),
    "both": (b"data: a\r\n\r\ndata: b\r\n\r\n", [("a", MESSAGE, ""), ("b", MESSAGE, "")]),
    "mixed": (b"data: a\r\n\ndata: b\n\r\n\rdata: c\r\n\r", [("a", MESSAGE, ""), ("b", MESSAGE, ""), ("c", MESSAGE, "")]),  # noqa: E501
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [("a", MESSAGE, "")]),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    "byte order mark later": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("a", MESSAGE, "")]),
    "part of a byte order mark": (b"\xef\xbbdata: a\n\ndata: b\n\n", [("b", MESSAGE, "")]),
    "comments": (b": hello\n:\ndata: a\n: in between\n\n:\n\n", [("a", MESSAGE, "")]),
    "empty data": (b"data:\n\ndata\n\n", [("", MESSAGE, ""), ("", MESSAGE, "")]),
    "two empty data lines": (b"data\ndata\n\n", [("\n", MESSAGE, "")]),
    "several data lines": (b"data: a\ndata\ndata: b\n\n", [("a\n\nb", MESSAGE, "")]),
    "no data": (b"event: a\nid: 1\n\ndata: b\n\n", [("b", MESSAGE, "1")]),
    "no space": (b"data:a\n\n", [("a", MESSAGE, "")]),
    "two spaces": (b"data:  a \n\n", [(" a ", MESSAGE, "")]),
    "tab": (b"data:\ta\n\n", [("\ta", MESSAGE, "")]),
    "space before colon": (b"data : a\n\n", []),
    "colons in the value": (b"data: a:b: c\n\n", [("a:b: c", MESSAGE, "")]),
    "unknown fields": (b"dat: x\nDATA: y\ndata: a\n\n", [("a", MESSAGE, "")]),
    "event names": (b"event: x\ndata: a\n\ndata: b\n\n", [("a", "x", ""), ("b", MESSAGE, "")]),
    "empty event name": (b"event: x\nevent:\ndata: a\n\n", [("a", MESSAGE, "")]),
    "event after data": (b"data: a\nevent: x\n\n", [("a", "x", "")]),
    "ids persist": (b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", [("a", MESSAGE, "1"), ("b", MESSAGE, "1"), ("c", MESSAGE, "")]),  # noqa: E501
    "id with NUL": (b"id: 1\ndata: a\n\nid: 2\x003\ndata: b\n\n", [("a", MESSAGE, "1"), ("b", MESSAGE, "1")]),
    "end without blank line": (b"data: a\n\ndata: b\n", [("a", MESSAGE, "")]),
    "end within a line": (b"data: a\n\ndata: b", [("a", MESSAGE, "")]),
    "unicode line ends": ("data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1c\n\n".encode(), [("a\u2028b\u2029c\u0085d\x0be\x0cf\x1c", MESSAGE, "")]),  # noqa: E501
    "invalid UTF-8": (b"data: a\xffb\xc3(\n\n", [("a\ufffdb\ufffd(", MESSAGE, "")]),
    "truncated UTF-8": (b"data: \xf0\x9f\x98\n\ndata: \xe2\x82\n\n", [("\ufffd", MESSAGE, ""), ("\ufffd", MESSAGE, "")]),  # noqa: E501
    "emoji": ("data: 🙂漢\n\n".encode(), [("🙂漢", MESSAGE, "")]),
    "NUL in data": (b"data: a\0b\n\n", [("a\0b", MESSAGE, "")]),
    "many blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [("a", MESSAGE, ""), ("b", MESSAGE, "")]),
    "only blank lines": (b"\r\n\r\n\n\n\r\r", []),
    "nothing": (b"", []),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "expected"), BASE_CASES.values(), ids=BASE_CASES)
def test_the_cases_of_the_standard_decode_as_it_says(stream, expected):
    assert interpret(stream) == expected
    assert decode([stream]) == expected


@pytest.mark.parametrize(("stream", "expected"), BASE_CASES.values(), ids=BASE_CASES)
def test_no_cut_changes_what_is_decoded(stream, expected):
    assert decode([bytes((byte,)) for byte in stream]) == expected
    for cut in range(len(stream) + 1):
        assert decode([stream[:cut], stream[cut:]]) == expected, cut
    chance = random.Random(1)
    for _ in range(200):
        cuts = [0, *sorted(chance.randint(0, len(stream)) for _ in range(4)), len(stream)]
        assert decode([stream[a:b] for a, b in itertools.pairwise(cuts)]) == expected, cuts


FIELDS = [b"data: ", b"data:", b"data", b"event: e", b"id: 7", b"id: \0", b"retry: 5", b":", b" ", b"x", b'{"a": 1}']
ENDS = [b"\n", b"\n\n", b"\r", b"\r\n"]
ODDITIES = [b"\xef\xbb\xbf", b"\xe2\x82\xac", b"\xe2\x82", b"\xff", b"\xf0\x9f", b"\xe2\x80\xa8", b"\xc2\x85"]
FRAGMENTS = st.sampled_from(FIELDS + ENDS + ODDITIES)


@settings(max_examples=400, deadline=None)
@given(st.lists(FRAGMENTS, max_size=40), st.lists(st.integers(0, 200), max_size=6))
def test_any_stream_cut_anywhere_decodes_as_the_standard_says(fragments, cuts):
    stream = b"".join(fragments)
    points = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert decode([stream[a:b] for a, b in itertools.pairwise(points)]) == interpret(stream)


@pytest.mark.parametrize(
    ("line", "expected"), [(b"5", 5), (b"010", 10), (b"5s", None), (b"-5", None), ("٣".encode(), None), (b"", None)]
)
def test_the_reconnection_time_is_read_only_from_digits(line, expected):
    decoder = EventStreamDecoder()
    decoder.feed(b"retry: " + line + b"\n")
    assert decoder.retry == expected


def test_a_number_of_thousands_of_digits_is_ignored():
    decoder = EventStreamDecoder()
    decoder.feed(b"retry: " + b"9" * 5000 + b"\n")
    assert decoder.retry is None


def test_the_last_event_id_is_known_after_the_event():
    decoder = EventStreamDecoder()
    decoder.feed(b"id: 1\ndata: a\n")
    assert decoder.last_event_id == ""
    decoder.feed(b"\n")
    assert decoder.last_event_id == "1"


def test_an_event_arrives_with_the_feed_that_completes_it():
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\ndata: b\n\ndata: c\n\nda") == [
        ServerSentEvent("a"),
        ServerSentEvent("b"),
        ServerSentEvent("c"),
    ]


def test_a_lone_carriage_return_ends_a_line_at_once():
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\r\r") == [ServerSentEvent("a")]
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [ServerSentEvent("b")]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 101 + b"\n\n"],
        [b"data: " + b"x" * 60, b"x" * 60],
        [b"data: xxxxxxxxx\n"] * 12,
        [b"id: 123456789\n"] * 12,
        [b":" + b"x" * 60, b"x" * 60],
    ],
    ids=["one read", "one line", "many lines", "no data", "comment"],
)
def test_an_event_over_the_cap_raises(pieces):
    decoder = EventStreamDecoder(max_event_bytes=100)
    with pytest.raises(RecordTooLarge) as caught:
        [decoder.feed(piece) for piece in pieces]
    assert caught.value.code == "TP-608"
    assert caught.value.details["limit"] == 100


def test_any_number_of_events_under_the_cap_is_fine():
    decoder = EventStreamDecoder(max_event_bytes=100)
    assert len(decoder.feed(b"data: 0123456789\n\n" * 50)) == 50
    assert len(decoder.feed(b"event: a\ndata: 0123456789\n\n" * 50)) == 50
    assert decoder.pending == 0


MEASURE = """
import sys, time
from trouplet_http import EventStreamDecoder, LineDecoder

def cost(size):
    decoder = {make}()
    body = {head} + {unit} * (size // len({unit})) + {tail}
    pieces = [body[start : start + 1024] for start in range(0, len(body), 1024)]
    started = time.process_time()
    records = [record for piece in pieces for record in decoder.feed(piece)]
    assert len(records) == 1
    return time.process_time() - started

small = min(cost(1 << 20) for _ in range(5))
large = min(cost(8 << 20) for _ in range(5))
print(large / small)
"""


@pytest.mark.parametrize(
    ("make", "head", "unit", "tail"),
    [
        ("EventStreamDecoder", b"data: ", b"x", b"\n\n"),
        ("EventStreamDecoder", b"event: e\rdata: ", b"x", b"\r\r"),
        ("EventStreamDecoder", b"", b"data: " + b"x" * 1017 + b"\n", b"\n"),
        ("LineDecoder", b"", b"x", b"\n"),
    ],
    ids=["one line", "carriage returns", "many lines", "lines of JSON"],
)
def test_a_record_of_eight_megabytes_costs_at_most_ten_times_one_of_one(make, head, unit, tail):
    # In a process of its own: how the allocator was used before decides what fresh memory costs.
    script = MEASURE.format(make=make, head=head, unit=unit, tail=tail)
    ratios = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        ratios.append(float(done.stdout))
        if ratios[-1] <= 10:
            break
    assert min(ratios) <= 10


def test_an_event_that_drips_in_byte_by_byte_takes_no_more_memory_than_a_few_times_its_size():
    decoder = EventStreamDecoder()
    decoder.feed(b"data: ")
    tracemalloc.start()
    for _ in range(200_000):
        decoder.feed(b"x")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 400_000
    assert len(decoder.feed(b"\n\n")[0].data) == 200_000


async def test_decoding_costs_less_than_splitting_lines_with_httpx():
    event = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n'
    pieces = [event] * 5000

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self):
            for piece in pieces:
                yield piece

    async def with_httpx():
        started, count = time.process_time(), 0
        async for line in httpx.Response(200, stream=Body()).aiter_lines():
            if line.startswith("data: "):
                line.removeprefix("data: ")
                count += 1
        assert count == 5000
        return time.process_time() - started

    async def ours():
        started, decoder, count = time.process_time(), EventStreamDecoder(), 0
        async for piece in Body():
            count += len(decoder.feed(piece))
        assert count == 5000
        return time.process_time() - started

    assert min([await ours() for _ in range(5)]) < min([await with_httpx() for _ in range(5)])


def test_lines_of_json_are_cut_anywhere():
    stream = '\ufeff{"a": "ü\u2028"}\r\n\n{"b": 2}\n  \n{"c": 3}'.encode()
    expected = ['{"a": "ü\u2028"}', '{"b": 2}', '{"c": 3}']
    for cut in range(len(stream) + 1):
        decoder = LineDecoder()
        assert decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) + decoder.finish() == expected
        assert decoder.finish() == []


@pytest.mark.parametrize("pieces", [[b"x" * 101], [b"x" * 60, b"x" * 60], [b"x" * 101 + b"\n"]])
def test_a_line_over_the_cap_raises(pieces):
    decoder = LineDecoder(max_record_bytes=100)
    with pytest.raises(RecordTooLarge):
        [decoder.feed(piece) for piece in pieces]
