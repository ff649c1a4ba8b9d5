"""Media in local files.

The path may come from a history that somebody else wrote, so it is opened with care: without waiting for a FIFO, and
only a regular file is read, of the size that it had when it was opened. With ``roots``, only what lies beneath one of
these folders is opened: the path is resolved first and then walked, folder by folder, without following links, so that
a link that is put in its way in between leads nowhere.

Limits: a hard link beneath a root is the file itself.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from trouplet.errors import BadInput, BadSetting
from trouplet_http.media_data import LoadedMedia, check_size, media_of_content

if TYPE_CHECKING:
    from collections.abc import Sequence

# Not blocking: a FIFO that nobody writes to is refused and not waited for. No terminal becomes ours by being opened.
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)


class MediaFiles:
    """Reads media from local files, for threads: every method blocks.

    ``roots`` None lets any path be read; otherwise only files beneath one of these folders are.
    """

    def __init__(self, *, limit: int, roots: Sequence[str | Path] | None) -> None:
        if roots is not None and os.open not in os.supports_dir_fd:
            raise BadSetting("roots cannot be kept to on this system", fix="Use MediaLoader(local_files=False)")
        self._limit = limit
        self._roots = roots

    def load(self, address: str, kind: str) -> LoadedMedia:
        """Return the content of the file at a path or ``file:`` URL; raises ``BadInput``."""
        path = _path(address)
        name = f"the {kind} {path!r}"
        try:
            content = self._read(Path(path).expanduser(), name)
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle, or no home
            raise BadInput(f"{name} cannot be read", why=_reason(error)) from error
        return media_of_content(content, kind, name)

    def _read(self, path: Path, name: str) -> bytes:
        with open(path, "rb", opener=lambda *_: self._open(path, name)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{name} is not a file")
            check_size(status.st_size, self._limit, name)
            content = file.read(status.st_size + 1)
        if len(content) != status.st_size:
            raise BadInput(f"{name} changed while it was read")
        return content

    def _open(self, path: Path, name: str) -> int:
        if self._roots is None:
            return os.open(path, _FILE)
        real = path.resolve()
        for root in (Path(given).expanduser().resolve() for given in self._roots):
            if real.is_relative_to(root) and real != root:
                return _open_beneath(root, real.relative_to(root).parts)
        raise BadInput(f"{name} lies outside of the folders that may be read", fix="Add its folder: roots=[...]")


def _open_beneath(root: Path, parts: Sequence[str]) -> int:
    """Open a file by the names on the way from ``root``, none of which may be a link."""
    folder = os.open(root, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE | _NO_LINK, dir_fd=folder)
    finally:
        os.close(folder)


def _path(address: str) -> str:
    """Return the path that a message names; raises ``BadInput`` for a file of another machine."""
    if address[:5].lower() == "file:":
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost"):
            raise BadInput(f"{address!r} names a file on another machine", fix="Give the path of a local file")
        address = url2pathname(parts.path)
    if address.startswith(("//", "\\\\")):
        raise BadInput(f"{address!r} names a file on another machine", fix="Give the path of a local file")
    return address


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
