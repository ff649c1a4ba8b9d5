"""The benchmark measures what it says: both sides do the same work, and the floors do all of it."""

import json
from dataclasses import replace
from urllib.request import Request, urlopen

import pytest
from catalogue import SCENARIOS
from measurement import BenchError, PairScenario, Reading, Row, Server
from report import summary, table

PAIRS = [scenario for scenario in SCENARIOS if isinstance(scenario, PairScenario)]
SMALL = {"call": 3, "agents-1000": 10, "agents-300": 10, "httpx-300": 10, "turns-500": 5, "turn-on-2000": 20}
SMALL |= {"first-turn-on-2000": 20, "schemas-500": 5, "call-with-500": 5}


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def small(scenario):
    return replace(scenario, size=SMALL.get(scenario.name, scenario.size))


def post(server, script, **body):
    request = Request(server.base_url(script), json.dumps(body).encode())
    with urlopen(request, timeout=10) as response:
        return response.read().decode()


def call_ids(answer):
    return [call["id"] for call in json.loads(answer)["choices"][0]["message"].get("tool_calls", [])]


@pytest.mark.parametrize("scenario", [small(pair) for pair in PAIRS], ids=lambda pair: pair.name)
def test_both_sides_send_the_same_conversation_and_return_the_same(server, scenario):
    floor = scenario.read(scenario.floor, server)
    expected = server.last_request()
    ours = scenario.read(scenario.ours, server)
    sent = server.last_request()
    assert (ours.returned, ours.requests, ours.units) == (floor.returned, floor.requests, floor.units)
    if floor.requests:
        assert sent["messages"] == expected["messages"]
        assert sent.get("tools") == expected.get("tools")
        assert sent.get("stream", False) == expected.get("stream", False)


def test_the_server_calls_a_tool_until_it_has_seen_enough_results(server):
    results = [{"role": "tool"}]
    assert call_ids(post(server, "rounds-2", messages=[])) == ["call_0_0"]
    assert call_ids(post(server, "rounds-2", messages=results)) == ["call_1_0"]
    assert call_ids(post(server, "rounds-2", messages=results * 2)) == []
    assert len(set(call_ids(post(server, "parallel-50", messages=[])))) == 50
    assert call_ids(post(server, "parallel-50", messages=results * 50)) == []


def test_the_server_streams_as_many_pieces_as_its_path_says(server):
    lines = post(server, "chunks-7", messages=[], stream=True).split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    pieces = [choice["delta"].get("content") for event in events for choice in event["choices"]]
    assert lines[-2:] == ["data: [DONE]", ""]
    assert pieces == ["", *[" word"] * 7, None]
    assert events[-1]["usage"]["total_tokens"] == 29
    assert post(server, "events-7", messages=[], stream=True).split("\n\n") == lines


def test_sides_that_did_not_do_the_same_are_an_error():
    pair = PairScenario("pair", "a pair", "calls", "hello")
    reading = Reading(1.0, 1, "Hello!", 10, 1_000)
    pair.check(reading, reading)
    for other in (replace(reading, returned=""), replace(reading, requests=9), replace(reading, body_bytes=700)):
        with pytest.raises(BenchError):
            pair.check(reading, other)


def test_the_table_shows_each_figure_with_its_aim():
    rows = [
        Row("call", "a call", 1.15, aim=1.2, low=1.1, high=1.2),
        Row("chunk", "a chunk", 2.0, aim=1.3),
        Row("tool", "has no aim", 3.0),
    ]
    lines = table(rows).splitlines()
    assert "1.15 x" in lines[1]
    assert lines[1].endswith("met")
    assert lines[2].endswith("NOT MET")
    assert summary(rows) == "1 of 2 aims met; not: chunk"
