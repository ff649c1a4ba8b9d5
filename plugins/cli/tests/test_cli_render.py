"""The transcript: what each event looks like, and that nothing of it can move the cursor."""

from __future__ import annotations

import io
import json
from dataclasses import fields

import pytest

from trouplet import ReActAgent, events
from trouplet.messages import Msg, TextBlock, ThinkingBlock, ToolResultBlock
from trouplet.model_io import Finish, TextChunk, Usage
from trouplet.testing import ScriptedModel, Step, call
from trouplet_cli.event_json import dump_event, event_line
from trouplet_cli.render import Transcript, usage_text
from trouplet_cli.safe_text import clipped, display_width, one_line, printable
from trouplet_cli.terminal import Terminal
from trouplet_cli.tool_lines import call_view, count, seconds, shortened

ORIGIN = events.Origin("run", "agent", "Friday")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def remove(path: str) -> str:
    """Remove a file."""
    return f"removed {path}"


def fail(reason: str) -> str:
    """Fail."""
    raise ValueError(reason)


async def transcript_of(*steps: object, stream_text: bool = True, styled: bool = False) -> tuple[str, str]:
    out, notes = (Screen(), Screen()) if styled else (io.StringIO(), io.StringIO())
    environ = {"TERM": "xterm"}
    shown = Transcript(Terminal(out, environ=environ), Terminal(notes, environ=environ), stream_text=stream_text)
    agent = ReActAgent("Friday", model=ScriptedModel(steps), tools=[remove, fail])
    async for event in agent.stream("go"):
        shown.show(event)
    return out.getvalue(), notes.getvalue()


async def test_text_goes_out_and_the_rest_to_the_notes():
    out, notes = await transcript_of([ThinkingBlock("Hm."), "Look: ", call("remove", path="a")], "Done.")
    assert out == "Look: \nDone.\n"
    lines = notes.splitlines()
    assert lines[0] == "(reasoning) Hm."
    assert lines[1].startswith('▸ remove(path="a")  ✓ ')
    assert lines[2] == "    removed a"
    assert "tok · " in lines[3]


async def test_text_that_is_not_streamed_goes_to_the_notes_when_a_call_follows_it():
    out, notes = await transcript_of(["Look: ", call("remove", path="a")], "Done.", stream_text=False)
    assert out == ""
    assert "Look: " in notes
    assert "Done." not in notes


async def test_a_call_and_its_result_share_a_line_of_a_terminal():
    _, notes = await transcript_of([call("remove", path="a")], "Done.", styled=True)
    line = next(line for line in notes.split("\n") if "remove(" in line)
    assert "✓ " in line
    assert " ms" in line


async def test_a_failed_call_says_so():
    _, notes = await transcript_of([call("fail", reason="no")], "Done.")
    assert "✗ failed" in notes
    assert "ValueError: no" in notes


async def test_a_call_that_never_ran_is_shown_with_its_arguments():
    _, notes = await transcript_of([call("remove", wrong=1)], [call("nothing")], "Done.")
    assert "▸ remove(wrong=1)" in notes
    assert "Invalid arguments" in notes
    assert "▸ nothing()" in notes
    assert "There is no tool" in notes


async def test_parallel_results_name_their_tools():
    _, notes = await transcript_of([call("remove", path="a"), call("remove", path="b")], "Done.")
    assert notes.count("✓ remove") == 2
    assert "removed a" in notes
    assert "removed b" in notes


async def test_an_answer_that_was_cut_off_is_marked():
    _, notes = await transcript_of(Step("Half", finish_reason="length"))
    assert "cut off" in notes


async def test_a_reply_that_no_model_streamed_is_shown():
    shown = io.StringIO()
    transcript = Transcript(Terminal(shown), Terminal(io.StringIO()))
    transcript.show(events.RunEnded(1, ORIGIN, "completed", Msg("Friday", "By hand.", "assistant"), Usage.none()))
    assert shown.getvalue() == "By hand.\n"


async def test_escapes_of_the_model_and_of_tools_are_shown_and_not_sent():
    answer = "\x1b]0;title\x07\x1b[2J\x9b31mred\r\n\x08"
    out, notes = await transcript_of(
        [ThinkingBlock(answer), call("remove", path=answer)], [call(f"x{answer}")], answer, styled=True
    )
    for text in (out, notes):
        own = text.replace("\r\x1b[2K", "")
        for style in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[36m"):
            own = own.replace(style, "")
        assert not set(own) & {"\x1b", "\x07", "\x9b", "\x08", "\r"}
    assert "␛]0;title␇" in out


async def test_an_escape_cut_between_chunks_is_as_harmless():
    out, _ = await transcript_of([TextChunk("a\x1b"), TextChunk("[2Jb"), Finish()])
    assert out == "a␛[2Jb\n"


@pytest.mark.parametrize(
    ("text", "safe"),
    [("a\tb\n", "a\tb\n"), ("\x00\x7f", "␀␡"), ("50%\r100%\r\n", "50%100%\n"), ("\ud800", "\ufffd"), ("钟楼", "钟楼")],
)
def test_control_characters_become_pictures(text, safe):
    assert printable(text) == safe


def test_one_line_escapes_what_is_invisible():
    assert one_line("a\nb\u202e\u200b\U000e0041") == "a\\nb\\u202e\\u200b\\U000e0041"


def test_widths_count_columns():
    assert display_width("钟楼") == 4
    assert display_width("e\u0301") == 1
    assert clipped("钟楼钟楼", 5) == "钟楼…"
    assert clipped("abc", 3) == "abc"


def test_a_long_argument_is_a_block_and_is_shortened():
    view = call_view("execute_python_code", {"code": "\n".join(map(str, range(40))), "timeout": 3}, 80)
    assert view.head == "execute_python_code(timeout=3, code=…)"
    [(name, lines)] = view.blocks
    assert name == "code"
    assert lines[:2] == ["0", "1"]
    assert lines[-1] == "… 29 more lines"


def test_long_lines_are_cut_and_colours_of_tools_dropped():
    assert shortened("\x1b[31m" + "x" * 100 + "\x1b[0m", 10, 5) == ["xxxxxxxxx…"]


def test_numbers_are_for_people():
    assert [seconds(value) for value in (0.2121, 3.44, 125)] == ["212 ms", "3.4 s", "2 min 5 s"]
    assert [count(value) for value in (0, 999, 3100, 999_960, 1_200_000)] == ["0", "999", "3.1k", "1.0M", "1.2M"]


def test_usage_says_what_is_known():
    assert usage_text(Usage(3100, 612)) == "3.1k→612 tok"
    assert usage_text(Usage(3100, 612, cached_tokens=3000)) == "3.1k (3.0k cached)→612 tok"
    assert usage_text(Usage(10, 2, calls=2, unknown=1)) == "10→2+ tok"
    assert usage_text(Usage.not_reported()) == "tokens unknown"


def test_the_cost_of_streaming_is_linear():
    def steps(chunks: int) -> int:
        counted = Counter()
        transcript = Transcript(Terminal(counted), Terminal(io.StringIO()))
        for number in range(chunks):
            transcript.show(events.TextDelta(number, ORIGIN, 0, "word "))
        return counted.characters

    assert steps(20_000) == 10 * steps(2_000)


class Counter(io.StringIO):
    """Counts what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = 0

    def write(self, text: str) -> int:
        self.characters += len(text)
        return len(text)


# --- events as JSON


async def test_every_event_of_a_run_is_one_line_of_json():
    agent = ReActAgent("Friday", model=ScriptedModel([[call("remove", path="a")], "Done."]), tools=[remove])
    seen = [event async for event in agent.stream("go")]
    for event in seen:
        line = event_line(event)
        assert "\n" not in line
        data = json.loads(line)
        assert data["type"] == type(event).__name__
        assert set(data) >= {field.name for field in fields(event)} - {"origin"}


async def test_what_has_no_json_form_is_given_as_text():
    metadata = {"socket": object(), "nan": float("nan"), "more": [1, {2}]}
    started = events.RunStarted(1, ORIGIN, (Msg("user", "hi", "user", metadata),))
    data = json.loads(event_line(started))
    assert data["messages"][0]["metadata"]["socket"].startswith("<object")
    assert data["messages"][0]["metadata"]["nan"] is None
    assert data["messages"][0]["metadata"]["more"] == [1, [2]]


def test_the_first_event_says_whose_run_it_is_and_blocks_carry_their_type():
    data = dump_event(events.RunStarted(1, ORIGIN, ()))
    assert data["origin"] == {"run_id": "run", "agent_id": "agent", "agent_name": "Friday", "schema": 1}
    ended = dump_event(events.ToolEnded(2, ORIGIN, ToolResultBlock("1", "add", (TextBlock("3"),))))
    assert ended["result"]["type"] == "tool_result"
    assert ended["result"]["output"] == [{"type": "text", "text": "3"}]


def test_json_lines_are_ascii_so_that_no_terminal_obeys_them():
    line = event_line(events.TextDelta(1, ORIGIN, 0, "\x1b[2J\x9b钟\ud800"))
    assert line.isascii()
    assert "\x1b" not in line
