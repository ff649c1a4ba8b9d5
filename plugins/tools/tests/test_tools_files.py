"""What a model sees of the file tools, and what they leave on the disk."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trouplet.errors import InvalidArguments, ToolError
from trouplet_tools import FileTools, insert_text_file, view_text_file, write_text_file
from trouplet_tools.errors import BadLines, FileMissing, NotEditable, PathRefused
from trouplet_tools.lines import Lines, split


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"line {number}\n" for number in range(1, 21)))
    return path


async def test_a_file_is_shown_with_line_numbers(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\nthree")
    assert await view_text_file(f"{tmp_path}/a.txt") == f"Lines 1-3 of 3 in {tmp_path}/a.txt:\n1: one\n2: \n3: three"


@pytest.mark.parametrize(
    ("ranges", "numbers"),
    [
        ([1, 1], [1]),
        ([3, 5], [3, 4, 5]),
        ([19, 100], [19, 20]),
        ([-2, -1], [19, 20]),
        ([-100, -19], [1, 2]),
        ([20, -1], [20]),
    ],
)
async def test_a_range_of_lines_is_shown(file, ranges, numbers):
    text = await view_text_file(str(file), ranges)
    assert text.splitlines()[1:] == [f"{number}: line {number}" for number in numbers]


@pytest.mark.parametrize("ranges", [[], [1], [1, 2, 3], [0, 5], [5, 3], [-1, -5], [21, 30], [-30, -25]])
async def test_a_range_that_the_file_does_not_have_is_an_error(file, ranges):
    with pytest.raises(BadLines):
        await view_text_file(str(file), ranges)
    before = file.read_bytes()
    with pytest.raises(BadLines):
        await write_text_file(str(file), "x", ranges)
    assert file.read_bytes() == before


@pytest.mark.parametrize("ranges", [[15, 21], [-21, -1]])
async def test_only_lines_that_are_there_are_replaced(file, ranges):
    with pytest.raises(BadLines, match=r"out of bounds: .* has 20 lines"):
        await write_text_file(str(file), "x", ranges)


async def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "empty").touch()
    assert await view_text_file(f"{tmp_path}/empty") == f"{tmp_path}/empty is empty."


async def test_a_long_view_stops_at_a_whole_line_and_says_how_to_go_on(tmp_path):
    (tmp_path / "long").write_text("x" * 99 + "\n" + ("y" * 99 + "\n") * 9999)
    text = await view_text_file(f"{tmp_path}/long")
    assert len(text) < 50_000
    last = text.splitlines()[-1]
    shown = int(text.splitlines()[-2].split(":")[0])
    assert last == f"Lines [{shown + 1}, 10000] are not shown: view them with ranges=[{shown + 1}, 10000]."
    assert f"{shown + 1}: yyy" in await view_text_file(f"{tmp_path}/long", [shown + 1, shown + 2])


async def test_a_very_long_line_is_cut(tmp_path):
    (tmp_path / "wide").write_text("x" * 1_000_000)
    assert (await view_text_file(f"{tmp_path}/wide")).endswith("x [… 998,000 characters left out …]")


async def test_control_characters_of_a_file_do_not_reach_a_terminal(tmp_path):
    (tmp_path / "a").write_bytes(b"\x1b[31mred\x1b]0;t\x07\r\nplain\r\n")
    text = await view_text_file(f"{tmp_path}/a")
    assert text.splitlines()[1:] == ["1: \ufffd[31mred\ufffd]0;t\ufffd", "2: plain"]


async def test_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    await write_text_file("~/notes/a.txt", "hello\n")
    assert (tmp_path / "notes" / "a.txt").read_text() == "hello\n"
    assert "1: hello" in await view_text_file("~/notes/a.txt")
    await insert_text_file("~/notes/a.txt", "first", 1)
    assert (tmp_path / "notes" / "a.txt").read_text() == "first\nhello\n"


async def test_a_file_is_created_with_its_folders_and_overwritten(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    assert await write_text_file(str(path), "one\ntwo\n") == f"Created {path}: 2 lines, 8 bytes."
    assert await write_text_file(str(path), "three") == f"Overwrote {path}: 1 line, 5 bytes."
    assert path.read_text() == "three"
    assert names(path.parent) == ["c.txt"]


async def test_replacing_lines_shows_five_lines_around_them(file):
    text = await write_text_file(str(file), "new a\nnew b\n", [10, 12])
    assert text.splitlines() == [
        f"Replaced lines 10-12 of {file}. Now there:",
        *(f"{number}: line {number}" for number in range(5, 10)),
        "10: new a",
        "11: new b",
        *(f"{number}: line {number + 1}" for number in range(12, 17)),
    ]
    assert file.read_text().splitlines()[8:12] == ["line 9", "new a", "new b", "line 13"]


@pytest.mark.parametrize(
    ("old", "ranges", "content", "new"),
    [
        ("a\nb\nc\n", [2, 2], "x", "a\nx\nc\n"),
        ("a\nb\nc\n", [2, 2], "x\n", "a\nx\nc\n"),
        ("a\nb\nc\n", [2, 2], "", "a\nc\n"),
        ("a\nb\nc\n", [2, 2], "\n", "a\n\nc\n"),
        ("a\nb\nc\n", [3, 3], "x", "a\nb\nx\n"),
        ("a\nb\nc", [3, 3], "x", "a\nb\nx"),
        ("a\nb\nc", [3, 3], "x\n", "a\nb\nx\n"),
        ("a\nb\nc", [1, -1], "x", "x"),
        ("a\nb\nc\n", [-1, -1], "x\ny", "a\nb\nx\ny\n"),
        ("a\r\nb\r\nc\r\n", [2, 2], "x\ny", "a\r\nx\r\ny\r\nc\r\n"),
        ("a\nb\nc\n", [2, 2], "x\r\ny", "a\nx\ny\nc\n"),
        ("a\u2028b\x0cc\nd\n", [2, 2], "x", "a\u2028b\x0cc\nx\n"),
    ],
)
async def test_lines_are_replaced_in_the_files_own_style(tmp_path, old, ranges, content, new):
    path = tmp_path / "f"
    path.write_bytes(old.encode())
    await write_text_file(str(path), content, ranges)
    assert path.read_bytes() == new.encode()


@pytest.mark.parametrize(
    ("old", "number", "content", "new"),
    [
        ("a\nb\n", 1, "x", "x\na\nb\n"),
        ("a\nb\n", 2, "x\ny\n", "a\nx\ny\nb\n"),
        ("a\nb\n", 3, "x", "a\nb\nx\n"),
        ("a\nb", 3, "x", "a\nb\nx"),
        ("a\nb", 3, "x\n", "a\nb\nx\n"),
        ("", 1, "x", "x"),
        ("", 1, "x\n", "x\n"),
        ("a\r\nb\r\n", 2, "x", "a\r\nx\r\nb\r\n"),
        ("a", 1, "x", "x\na"),
    ],
)
async def test_lines_are_inserted_in_the_files_own_style(tmp_path, old, number, content, new):
    path = tmp_path / "f"
    path.write_bytes(old.encode())
    text = await insert_text_file(str(path), content, number)
    assert path.read_bytes() == new.encode()
    assert f"{number}: x" in text


@pytest.mark.parametrize("number", [-1, 0, 22, 1000])
async def test_a_line_number_out_of_bounds_is_an_error(file, number):
    with pytest.raises(BadLines, match="between 1 and 21"):
        await insert_text_file(str(file), "x", number)


@given(st.text(alphabet="ab\n\r", max_size=20), st.data())
def test_replacing_changes_only_the_lines_that_it_names(old, data):
    lines = Lines(old.encode(), "f")
    if not len(lines):
        return
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    before = split(old)
    count = lines.replace(first, last, data.draw(st.text(alphabet="xy\n", max_size=8)))
    after = split(lines.data.decode())
    assert after[: first - 1] == before[: first - 1]
    assert [line.rstrip("\r\n") for line in after[first - 1 + count :]] == [
        line.rstrip("\r\n") for line in before[last:]
    ]


async def test_a_byte_order_mark_is_hidden_and_kept(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert "\n1: one\n2: two" in await view_text_file(str(path))
    await write_text_file(str(path), "three\n", [2, 2])
    assert path.read_bytes() == b"\xef\xbb\xbfone\r\nthree\r\n"
    await write_text_file(str(path), "new\n")
    assert path.read_bytes() == b"\xef\xbb\xbfnew\r\n"


async def test_the_mode_of_a_file_is_kept_and_that_of_a_new_one_follows_the_umask(tmp_path):
    old = tmp_path / "script"
    old.write_text("x")
    old.chmod(0o751)
    await write_text_file(str(old), "y")
    assert stat.S_IMODE(old.stat().st_mode) == 0o751
    previous = os.umask(0o027)
    try:
        await write_text_file(f"{tmp_path}/new", "y")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


async def test_a_link_stays_a_link_and_its_target_is_edited(tmp_path):
    (tmp_path / "target").write_text("a\n")
    (tmp_path / "link").symlink_to("target")
    await write_text_file(f"{tmp_path}/link", "b\n")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "b\n"


async def test_a_file_that_is_open_elsewhere_is_seen_whole_or_not_at_all(tmp_path):
    path = tmp_path / "f"
    path.write_text("a" * 100_000)
    with path.open() as reader:
        await write_text_file(str(path), "b" * 100_000)
        assert reader.read() == "a" * 100_000
    assert path.read_text() == "b" * 100_000


async def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "f").write_text("old")

    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trouplet_tools.spot.os.fsync", fail)
    with pytest.raises(ToolError, match="No space left"):
        await write_text_file(f"{tmp_path}/f", "new")
    assert names(tmp_path) == ["f"]
    assert (tmp_path / "f").read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
async def test_a_read_only_file_is_not_replaced(tmp_path):
    (tmp_path / "f").write_text("old")
    (tmp_path / "f").chmod(0o444)
    with pytest.raises(ToolError, match="Permission denied"):
        await write_text_file(f"{tmp_path}/f", "new")


async def test_a_missing_file_is_an_error(tmp_path):
    for call in (
        view_text_file(f"{tmp_path}/missing"),
        view_text_file(f"{tmp_path}/missing/too"),
        write_text_file(f"{tmp_path}/missing", "x", [1, 1]),
        insert_text_file(f"{tmp_path}/missing", "x", 1),
    ):
        with pytest.raises(FileMissing, match="missing"):
            await call
    assert not names(tmp_path)


async def test_a_folder_is_an_error(tmp_path):
    for call in (
        view_text_file(str(tmp_path)),
        view_text_file("/"),
        view_text_file(f"{tmp_path}/"),
        write_text_file(str(tmp_path), "x"),
        write_text_file(f"{tmp_path}/new/", "x"),
        insert_text_file(str(tmp_path), "x", 1),
    ):
        with pytest.raises(NotEditable, match="is a folder"):
            await call


async def test_a_path_through_a_file_is_an_error(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(ToolError):
        await view_text_file(f"{tmp_path}/f/g")
    with pytest.raises(ToolError):
        await write_text_file(f"{tmp_path}/f/g", "x")
    with pytest.raises(ToolError):
        await FileTools(root=tmp_path).write_text_file("f/g", "x")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00", b"a\0b", "ä".encode("latin-1"), "text".encode("utf-16")])
async def test_a_binary_file_is_an_error_for_viewing_and_editing_but_may_be_overwritten(tmp_path, data):
    path = tmp_path / "f"
    path.write_bytes(data)
    with pytest.raises(NotEditable, match=r"not UTF-8 text|not text"):
        await view_text_file(str(path))
    with pytest.raises(NotEditable):
        await insert_text_file(str(path), "x", 1)
    assert path.read_bytes() == data
    assert (await write_text_file(str(path), "text")).startswith("Overwrote")


async def test_a_large_file_is_an_error_for_viewing(tmp_path):
    (tmp_path / "f").write_bytes(b"x" * 1001)
    with pytest.raises(NotEditable, match="1,001 bytes, and 1,000 is the most"):
        await FileTools(size_limit=1000).view_text_file(f"{tmp_path}/f")


async def test_a_file_without_end_is_read_within_bounds():
    with pytest.raises(PathRefused):
        await view_text_file("/dev/zero")
    with pytest.raises(ToolError):
        await view_text_file("/dev/stdin")


@pytest.mark.parametrize("path", ["", "a\0b", "\ud800"])
async def test_what_cannot_be_a_path_is_an_error(path):
    for tools in (FileTools(), FileTools(root="/tmp")):
        with pytest.raises(PathRefused, match="cannot be a path"):
            await tools.view_text_file(path)


async def test_text_that_has_no_bytes_is_an_error(tmp_path):
    with pytest.raises(InvalidArguments, match="content: character 1 is a lone surrogate"):
        await write_text_file(f"{tmp_path}/f", "a\udfff")
    assert not names(tmp_path)


async def test_parallel_edits_of_one_file_lose_nothing(tmp_path, leak_check):
    path = tmp_path / "f"
    path.write_text("")
    await asyncio.gather(*(insert_text_file(str(path), f"{number}\n", 1) for number in range(50)))
    assert sorted(map(int, path.read_text().split())) == list(range(50))


async def test_a_cancelled_edit_is_done_or_not_when_the_cancellation_arrives(tmp_path, leak_check):
    for delay in range(20):
        path = tmp_path / f"{delay}"
        call = asyncio.create_task(write_text_file(str(path), "x"))
        await asyncio.sleep(delay / 10_000)
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            state = path.exists()
            await asyncio.sleep(0.01)
            assert path.exists() == state
    assert not [name for name in names(tmp_path) if name.startswith(".")]
