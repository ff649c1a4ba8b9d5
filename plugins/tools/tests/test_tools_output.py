"""Output of any size and kind is read without a stall and kept within bounds."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trouplet_tools import CodeTools
from trouplet_tools.environment import minimal_environment
from trouplet_tools.output import HeadAndTail, Output
from trouplet_tools.process import run_process

LIMIT = 30_000


async def run(source, **options):
    return await run_process([sys.executable, "-I", "-c", source], env=minimal_environment(), timeout=60, **options)


@pytest.mark.parametrize("size", [200_000, 10_000_000])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_long_output_is_cut_in_the_middle_and_the_exit_code_kept(stream, size):
    result = await run(f"import sys\nsys.{stream}.write('<' + 'x' * ({size} - 2) + '>')\nsys.exit(4)")
    output = getattr(result, stream)
    assert (result.returncode, result.ending, output.size) == (4, "exited", size)
    assert output.dropped == size - LIMIT
    assert output.text.startswith("<xxx")
    assert output.text.endswith("xxx>")
    assert f"[… {size - LIMIT:,} of {size:,} bytes left out …]" in output.text


async def test_both_pipes_full_at_once_do_not_stall():
    result = await run(
        "import sys, threading\n"
        "def write(stream):\n    for _ in range(2000): stream.write('x' * 1000)\n"
        "threads = [threading.Thread(target=write, args=(s,)) for s in (sys.stdout, sys.stderr)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]"
    )
    assert (result.returncode, result.stdout.size, result.stderr.size) == (0, 2_000_000, 2_000_000)


async def test_a_million_short_lines_are_counted():
    result = await run("import sys\nsys.stdout.write('y\\n' * 1_000_000)")
    assert (result.returncode, result.stdout.size) == (0, 2_000_000)
    assert result.stdout.text.endswith("y\ny\n")


async def test_a_million_prints_of_the_python_tool_do_not_stall():
    text = await CodeTools().execute_python_code("for n in range(1_000_000): print(n)", timeout=100)
    assert text.startswith("<returncode>0</returncode>\n<stdout>0\n1\n")
    assert "999999\n</stdout>" in text


async def test_binary_output_becomes_text():
    result = await run("import os, sys\nsys.stdout.buffer.write(bytes(range(256)) * 4)")
    assert result.returncode == 0
    assert "\N{REPLACEMENT CHARACTER}" in result.stdout.text
    assert "ABCDEFG" in result.stdout.text
    result.stdout.text.encode()


async def test_output_without_a_newline_is_whole():
    assert (await run("print('x' * 1000, end='')")).stdout.text == "x" * 1000


async def test_endless_output_ends_the_command(marker, leak_check):
    started = time.monotonic()
    text = await CodeTools(env=marker.env).execute_shell_command("yes & yes >&2", timeout=100)
    assert "<note>Stopped, as it wrote too much." in text
    assert len(text) < 3 * LIMIT
    assert time.monotonic() - started < 60
    assert not marker.processes()


async def test_output_is_counted_in_full_up_to_the_cap():
    result = await run("import sys\nsys.stdout.write('x' * 50_000_000)", byte_cap=1_000_000)
    assert result.ending == "overflow"
    assert result.returncode < 0
    assert 1_000_000 < result.stdout.size < 2_000_000


MEASURED = """
import asyncio, json, resource, sys
from trouplet_tools.environment import minimal_environment
from trouplet_tools.process import run_process

async def main():
    run = lambda command: run_process(["/bin/sh", "-c", command], env=minimal_environment(), timeout=100)
    await run("true")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = await run(sys.argv[1])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([result.ending, result.stdout.size + result.stderr.size, (after - before) // 1024]))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        ("yes", "overflow"),
        ("head -c 1000000000 /dev/zero", "overflow"),
        ("head -c 90000000 /dev/zero | tr '\\0' x", "exited"),
        ("yes >&2", "overflow"),
    ],
)
def test_memory_stays_bounded_whatever_is_written(command, ending):
    done = subprocess.run([sys.executable, "-c", MEASURED, command], capture_output=True, check=True, timeout=120)
    how, size, growth = json.loads(done.stdout)
    assert how == ending
    assert size >= 90_000_000
    assert growth <= 64


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[31mred\x1b[0m plain", "red plain"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]0;never ended", ""),
        (b"a\x1b[2J\x1b[Hb", "ab"),
        (
            b"bell\x07 back\x08 nul\x00",
            "bell\N{REPLACEMENT CHARACTER} back\N{REPLACEMENT CHARACTER} nul\N{REPLACEMENT CHARACTER}",
        ),
        ("\x9b31m".encode(), "\N{REPLACEMENT CHARACTER}31m"),
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (b"\xff\xfeab", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}ab"),
    ],
)
def test_no_output_can_command_a_terminal(data, text):
    assert Output(data, b"", len(data)).text == text


@given(st.binary(max_size=300).map(lambda data: b"\x1b" + data))
def test_no_control_character_survives(data):
    text = Output(data, b"", len(data)).text
    assert not [character for character in text if ord(character) < 32 and character not in "\t\n"]
    assert not [character for character in text if 0x7F <= ord(character) < 0xA0]


@given(st.lists(st.binary(max_size=50)), st.integers(2, 60))
def test_head_and_tail_hold_the_first_and_last_bytes(chunks, limit):
    collected = HeadAndTail(limit)
    for chunk in chunks:
        collected.feed(chunk)
    data, output = b"".join(chunks), collected.output()
    assert output.size == len(data)
    assert data.startswith(output.head)
    assert data.endswith(output.tail)
    assert len(output.head) + len(output.tail) == min(len(data), limit)


@given(st.text(alphabet="aé漢😀", min_size=30, max_size=90), st.integers(8, 40))
def test_a_cut_never_splits_a_character(text, limit):
    collected = HeadAndTail(limit)
    collected.feed(text.encode())
    assert "\N{REPLACEMENT CHARACTER}" not in collected.output().text
