"""A place for a file: the open folder and the name in it. Everything is done through the folder's descriptor.

Whoever renames or replaces folders while a tool works cannot lead it elsewhere: the folder was opened once, and the
name has one component, which is never followed when it is a link.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet_tools.errors import FileMissing, NotEditable, PathRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Spot:
    """The name ``name`` in the open folder ``folder``; ``shown`` is the path as the model wrote it.

    With ``single_links`` a file that has a second name (a hard link) is refused: it may be one outside the root.
    """

    folder: int
    name: str
    shown: str
    single_links: bool = False

    def read(self, limit: int) -> bytes:
        """Return the file's bytes; raises when there is no file, for anything else, and for more than ``limit``."""
        with self._opened() as (fd, size):
            data = _read(fd, limit + 1) if size <= limit else b""
        if max(size, len(data)) > limit:
            raise NotEditable(
                f"{self.shown!r} has {max(size, len(data)):,} bytes, and {limit:,} is the most that can be read",
                fix="Read parts of it with a program",
            )
        return data

    def read_start(self, size: int) -> bytes | None:
        """Return at most so many bytes from the file's beginning, None when there is no file."""
        try:
            with self._opened() as (fd, _):
                return _read(fd, size)
        except FileMissing:
            return None

    def write(self, data: bytes) -> None:
        """Put a file with these bytes in place, at once and durably; an old file's mode and owner are kept."""
        before = self._look()
        if before is not None:
            self._check(before)
            os.close(os.open(self.name, os.O_WRONLY | READ, dir_fd=self.folder))  # may it be written at all?
        with self._temporary() as (temporary, fd):
            if before is not None:
                _take_after(fd, before)
            _write(fd, data)
            os.fsync(fd)
            os.replace(temporary, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        self._sync_folder()

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Open the file for reading; gives its descriptor and size."""
        before = self._look()
        if before is None:
            raise FileMissing(f"there is no file {self.shown!r}", fix="Check the path, or create the file")
        self._check(before)
        fd = os.open(self.name, READ, dir_fd=self.folder)
        try:
            status = os.fstat(fd)
            self._check(status)
            yield fd, status.st_size
        finally:
            os.close(fd)

    def _look(self) -> os.stat_result | None:
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _check(self, status: os.stat_result) -> None:
        if stat.S_ISDIR(status.st_mode):
            raise NotEditable(f"{self.shown!r} is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise PathRefused(f"{self.shown!r} is no ordinary file")
        if self.single_links and status.st_nlink > 1:
            raise PathRefused(f"{self.shown!r} is a hard link, and its other name may be outside the root")

    @contextmanager
    def _temporary(self) -> Iterator[tuple[str, int]]:
        """Make a new file beside the target; it is removed unless it has been moved."""
        name = f".trouplet-{secrets.token_hex(8)}.tmp"
        fd = os.open(name, CREATE, 0o666, dir_fd=self.folder)
        try:
            yield name, fd
        finally:
            os.close(fd)
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.folder)

    def _sync_folder(self) -> None:
        with suppress(PermissionError):  # a folder that may be entered but not listed
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.folder)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def _take_after(fd: int, status: os.stat_result) -> None:
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.fchown(fd, status.st_uid, status.st_gid)
    os.fchmod(fd, stat.S_IMODE(status.st_mode))


def _read(fd: int, limit: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := os.read(fd, min(limit, 1024 * 1024))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
