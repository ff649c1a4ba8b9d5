"""No path, link or race leads file tools out of their root."""

from __future__ import annotations

import asyncio
import ctypes
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from trouplet.errors import ToolError
from trouplet_tools import FileTools
from trouplet_tools.errors import FileMissing, NotEditable, PathRefused

SECRET = "secret-71c4"
MARK = "written-by-a-tool"
LIBC = ctypes.CDLL(None)


@pytest.fixture
def world(tmp_path):
    """A root, and beside it what nobody may reach from there."""
    root = tmp_path / "work"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "inside.txt").write_text("inside\n")
    (root / "sub" / "file.txt").write_text("in sub\n")
    for outside in (tmp_path / "work-evil", tmp_path / "outside"):
        outside.mkdir()
        (outside / "secret.txt").write_text(SECRET)
    (tmp_path / "secret.txt").write_text(SECRET)
    return tmp_path


@pytest.fixture
def tools(world):
    return FileTools(root=world / "work")


def everything_outside(world) -> dict[str, bytes | None]:
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in world.rglob("*")
        if not path.is_relative_to(world / "work")
    }


HOSTILE = [
    *(
        "..",
        "../",
        "../secret.txt",
        "../../etc/passwd",
        "sub/../../secret.txt",
        "sub/../../../etc/passwd",
        "./../secret.txt",
    ),
    *("sub/deep/../../../secret.txt", "..//secret.txt", ".//..//secret.txt", "sub/..", "sub/../..", "sub/deep/../.."),
    *("missing/../../secret.txt", "inside.txt/../../secret.txt", "../work/../secret.txt", "../work-evil/secret.txt"),
    *(
        "/etc/passwd",
        "//etc/passwd",
        "///etc/passwd",
        "/etc/../etc/passwd",
        "/",
        "//",
        "/.",
        "/..",
        "/proc/self/environ",
    ),
    *(
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd",
        "/proc/self/fd/0",
        "/dev/null",
        "/dev/stdin",
        "/dev/fd/0",
        "/dev/zero",
    ),
    *(
        "{root}/../secret.txt",
        "{root}-evil/secret.txt",
        "{root}/sub/../../secret.txt",
        "{parent}/secret.txt",
        "{root}",
        "{root}/",
    ),
    *("{parent}/work/../outside/secret.txt", "~", "~/secret.txt", "~root/.bashrc", "~nobody/x", "~/../../etc/passwd"),
    *(
        "",
        ".",
        "./",
        " ",
        "\0",
        "a\0b",
        "../secret.txt\0.txt",
        "\ud800",
        "x" * 300,
        "x/" * 3000,
        "../" * 200 + "etc/passwd",
    ),
    *(
        "..\\secret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "..%00/secret.txt",
        "\u2025/secret.txt",
        "\uff0e\uff0e/secret.txt",
    ),
    *(
        "file:///etc/passwd",
        "C:\\secret.txt",
        "CON",
        "NUL",
        "-rf",
        "$(touch x)",
        "*",
        "?",
        "sub\n/../../secret.txt",
        "\u202etxt.a",
    ),
    *(
        "link-out",
        "link-out/secret.txt",
        "link-up/secret.txt",
        "link-file",
        "link-root/etc/passwd",
        "link-chain/secret.txt",
    ),
    *(
        "link-proc/etc/passwd",
        "sub/link-rel/secret.txt",
        "link-loop",
        "link-loop/x",
        "hard-link",
        "fifo",
        "socket-like",
    ),
]


@pytest.fixture
def traps(world):
    root = world / "work"
    (root / "link-out").symlink_to(world / "outside")
    (root / "link-up").symlink_to("..")
    (root / "link-file").symlink_to(world / "secret.txt")
    (root / "link-root").symlink_to("/")
    (root / "link-chain").symlink_to("sub/link-rel")
    (root / "sub" / "link-rel").symlink_to("../../outside")
    (root / "link-proc").symlink_to("/proc/self/root")
    (root / "link-loop").symlink_to("link-loop")
    os.link(world / "outside" / "secret.txt", root / "hard-link")
    os.mkfifo(root / "fifo")
    return root


@pytest.mark.parametrize("path", HOSTILE)
async def test_a_hostile_path_reaches_nothing_outside(world, tools, traps, path):
    path = path.format(root=traps, parent=world) if "{" in path else path
    before = everything_outside(world)
    for call in (
        tools.view_text_file(path),
        tools.write_text_file(path, MARK),
        tools.write_text_file(path, MARK, [1, 1]),
        tools.insert_text_file(path, MARK, 1),
        tools.view_text_file(path),
    ):
        with suppress(ToolError):
            text = await call
            assert SECRET not in text
            assert "root:" not in text
    assert everything_outside(world) == before


async def test_the_root_may_be_named_in_full_or_left_out(world, tools):
    for path in (
        "inside.txt",
        "./inside.txt",
        "sub/../inside.txt",
        f"{world}/work/inside.txt",
        f"{world}/work/sub/../inside.txt",
    ):
        assert "1: inside" in await tools.view_text_file(path)


async def test_a_root_that_is_a_link_may_be_named_both_ways(world):
    (world / "alias").symlink_to("work")
    tools = FileTools(root=world / "alias")
    for path in ("inside.txt", f"{world}/alias/inside.txt", f"{world}/work/inside.txt"):
        assert "1: inside" in await tools.view_text_file(path)


async def test_links_that_stay_inside_are_followed(world, tools):
    root = world / "work"
    (root / "to-file").symlink_to("sub/file.txt")
    (root / "to-folder").symlink_to(root / "sub")
    (root / "sub" / "deep" / "back").symlink_to("../../inside.txt")
    for path in ("to-file", "to-folder/file.txt", "sub/deep/../file.txt", "to-folder/deep/../file.txt"):
        assert "1: in sub" in await tools.view_text_file(path)
    assert "1: inside" in await tools.view_text_file("sub/deep/back")
    await tools.write_text_file("to-file", "changed\n")
    assert (root / "to-file").is_symlink()
    assert (root / "sub" / "file.txt").read_text() == "changed\n"


async def test_folders_are_made_beneath_the_root(world, tools):
    assert (await tools.write_text_file("new/folder/a.txt", "x")).startswith("Created new/folder/a.txt")
    assert (world / "work" / "new" / "folder" / "a.txt").read_text() == "x"
    with pytest.raises(PathRefused):
        await tools.write_text_file("../new/a.txt", "x")
    assert not (world / "new").exists()


async def test_a_refused_path_says_which_root_it_leaves(world, tools):
    with pytest.raises(PathRefused, match=r"'\.\./secret\.txt' is outside the root '.*work'"):
        await tools.view_text_file("../secret.txt")


async def test_a_missing_root_is_an_error(tmp_path):
    with pytest.raises(FileMissing, match="root folder"):
        await FileTools(root=tmp_path / "missing").view_text_file("a")


async def test_what_is_no_ordinary_file_is_refused_at_once(world, tools, traps):
    paths = ["fifo"]
    with suppress(PermissionError):
        os.mknod(traps / "device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        paths.append("device")
    for path in paths:
        for call in (
            tools.view_text_file(path),
            tools.write_text_file(path, "x"),
            tools.insert_text_file(path, "x", 1),
        ):
            with pytest.raises(PathRefused, match="no ordinary file"):
                await asyncio.wait_for(call, 30)


async def test_a_hard_link_is_refused(tools, traps):
    with pytest.raises(PathRefused, match="hard link"):
        await tools.view_text_file("hard-link")


async def test_a_sparse_file_of_a_terabyte_is_refused(world, tools):
    path = world / "work" / "sparse"
    path.touch()
    try:
        os.truncate(path, 1 << 40)
    except OSError:
        pytest.skip("this file system has no files of that size")
    with pytest.raises(NotEditable, match="1,099,511,627,776 bytes"):
        await tools.view_text_file("sparse")


def exchange(one: Path, other: Path) -> None:
    """Swap two names at once."""
    AT_FDCWD, RENAME_EXCHANGE = -100, 2
    LIBC.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)


@contextmanager
def attacker(swap: Callable[[], object]) -> Iterator[None]:
    """Swap something in an endless loop beside the tools."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            swap()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def race(world, tools, rounds: int) -> tuple[int, int]:
    """Swap a folder and a file for links that lead out while tools use them; returns the successes and the refusals."""
    root = world / "work"
    (root / "folder").mkdir()
    (root / "folder" / "secret.txt").write_text("mine\n")
    (root / "evil-folder").symlink_to(world / "outside")
    (root / "name").write_text("mine\n")
    (root / "evil-name").symlink_to(world / "secret.txt")

    def swap() -> None:
        exchange(root / "folder", root / "evil-folder")
        exchange(root / "name", root / "evil-name")
        if not (root / "name").is_symlink() and not (root / "evil-name").is_symlink():  # a tool has replaced the link
            (root / "evil-name").unlink()
            (root / "evil-name").symlink_to(world / "secret.txt")

    before = everything_outside(world)
    done = refused = 0
    with attacker(swap):
        for number in range(rounds):
            for call in (
                tools.view_text_file("folder/secret.txt"),
                tools.view_text_file("name"),
                tools.write_text_file(f"folder/{number % 10}.txt" if number % 2 else "name", MARK),
            ):
                try:
                    assert SECRET not in await call
                    done += 1
                except ToolError:
                    refused += 1
    assert everything_outside(world) == before
    return done, refused


async def test_swapped_links_lead_nowhere(world, tools):
    done, refused = await race(world, tools, 500)
    assert done
    assert refused


@pytest.mark.battery
@pytest.mark.timeout(900)
async def test_swapped_links_lead_nowhere_however_often_it_is_tried(world, tools):
    done, refused = await race(world, tools, 10_000)
    assert done
    assert refused
