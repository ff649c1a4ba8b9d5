"""Where the paths of file tools lead: anywhere that the host may go, or beneath one root and never out of it.

Beneath a root a path is walked one component at a time, each opened in the folder before it and none followed as a
link by the system. A symbolic link is read and walked like the rest of the path, so it may lead to another place
beneath the root; ``..`` goes back to the folder that was opened before. No rename or swapped link, whenever it
happens, leads the walk out: the way up is only through descriptors that the walk has opened on its way down.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trouplet_tools.errors import FileMissing, NotEditable, PathRefused
from trouplet_tools.spot import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_LINKS = 40


class Whereabouts(Protocol):
    """Decides where a path leads."""

    def find(self, path: str, *, make_folders: bool = False) -> AbstractContextManager[Spot]:
        """Open the place that a path means, for as long as the context lasts."""
        ...


class Anywhere:
    """Paths mean what they mean to the host: relative to its current directory, with ``~`` for its home."""

    @contextmanager
    def find(self, path: str, *, make_folders: bool = False) -> Iterator[Spot]:
        """Open the place that a path means, links followed."""
        full = Path(os.path.realpath(_expanded(path)))
        if make_folders:
            full.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(full.parent, FOLDER)
        try:
            yield Spot(folder, full.name or ".", path)
        finally:
            os.close(folder)


class Beneath:
    """Paths beneath a root folder; those that lead out of it are refused."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root).expanduser().absolute()

    @contextmanager
    def find(self, path: str, *, make_folders: bool = False) -> Iterator[Spot]:
        """Open the place that a path means; a relative one starts at the root."""
        with _Walk(self._root, path, make_folders) as walk:
            name = walk.to_last(_expanded(path))
            yield Spot(walk.folder, name, path, single_links=True)


class _Walk:
    """A walk down from a root, and back up no further than to it."""

    def __init__(self, root: Path, shown: str, make_folders: bool) -> None:
        self._root = root
        self._shown = shown
        self._make_folders = make_folders
        self._links = 0
        self._folders: list[int] = []

    def __enter__(self) -> _Walk:
        try:
            self._folders.append(os.open(self._root, FOLDER & ~os.O_NOFOLLOW))
        except FileNotFoundError:
            raise FileMissing(f"the root folder {str(self._root)!r} does not exist") from None
        return self

    def __exit__(self, *error: object) -> None:
        self._leave_to(0)

    @property
    def folder(self) -> int:
        """The descriptor of the folder that the walk has reached."""
        return self._folders[-1]

    def to_last(self, path: str) -> str:
        """Walk to the folder of the path's last component and return that component, which is no link."""
        pending = deque(self._parts(path))
        while pending:
            part = pending.popleft()
            if part == "..":
                self._up()
            elif (target := self._link(part)) is not None:
                pending.extendleft(reversed(self._parts(target)))
            elif pending:
                self._enter(part)
            else:
                return part
        return "."

    def _parts(self, path: str) -> list[str]:
        if path.startswith("/"):
            path = self._beneath(Path(os.path.normpath(path)))
            self._leave_to(1)
        return [part for part in path.split("/") if part not in ("", ".")]

    def _beneath(self, path: Path) -> str:
        for root in (self._root, Path(os.path.realpath(self._root))):
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        raise self._outside()

    def _up(self) -> None:
        if len(self._folders) == 1:
            raise self._outside()
        os.close(self._folders.pop())

    def _link(self, name: str) -> str | None:
        """Return what a symbolic link says, None for anything else."""
        try:
            target = os.readlink(name, dir_fd=self.folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise
        self._links += 1
        if self._links > MAX_LINKS:
            raise PathRefused(f"{self._shown!r} goes through too many symbolic links")
        return target

    def _enter(self, name: str) -> None:
        if self._make_folders:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=self.folder)
        self._folders.append(os.open(name, FOLDER, dir_fd=self.folder))

    def _leave_to(self, depth: int) -> None:
        while len(self._folders) > depth:
            os.close(self._folders.pop())

    def _outside(self) -> PathRefused:
        return PathRefused(f"{self._shown!r} is outside the root {str(self._root)!r}", fix="Use a path beneath it")


def _expanded(path: str) -> str:
    """Return the path with ``~`` expanded; raises for what cannot be a file's path."""
    try:
        possible = bool(path) and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise PathRefused(f"{path!r} cannot be a path")
    if path.endswith("/"):
        raise NotEditable(f"{path!r} is a folder")
    return os.path.expanduser(path)  # noqa: PTH111  # a Path would lose the dots that the walk has to see
