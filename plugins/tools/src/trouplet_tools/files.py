"""The tools that view and edit text files, anywhere or beneath one root."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from trouplet.errors import ToolError
from trouplet_tools.blocking import to_the_end
from trouplet_tools.errors import FileMissing
from trouplet_tools.lines import Lines, Style, split
from trouplet_tools.plain_text import encoded
from trouplet_tools.whereabouts import Anywhere, Beneath, Whereabouts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from trouplet.function_tool import FunctionTool
    from trouplet_tools.spot import Spot

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file that can be viewed or edited."""
STYLE_SAMPLE = 64 * 1024
"""Bytes that are read of a file that is overwritten, to see how its lines end."""
VIEW_LIMIT = 40_000
"""Characters that one view shows."""


class FileTools:
    """File tools that work beneath ``root``, or anywhere with None.

    Edits of one ``FileTools`` happen one after the other, so that parallel calls lose nothing; a file is replaced
    at once or not at all.
    """

    def __init__(self, *, root: str | os.PathLike[str] | None = None, size_limit: int = SIZE_LIMIT) -> None:
        self._places: Whereabouts = Anywhere() if root is None else Beneath(root)
        self._size_limit = size_limit
        self._editing = threading.Lock()

    def tools(self) -> tuple[FunctionTool, ...]:
        """Return the tools."""
        from trouplet.function_tool import FunctionTool
        from trouplet.tool_io import ToolTraits

        return (
            FunctionTool(self.view_text_file, traits=ToolTraits(idempotent=True, read_only=True)),
            FunctionTool(self.write_text_file),
            FunctionTool(self.insert_text_file),
        )

    async def view_text_file(self, path: str, ranges: list[int] | None = None) -> str:
        """View a text file with line numbers.

        Args:
            path: The path of the file; ~ is the home folder.
            ranges: The first and last line to show, counted from 1. Negative numbers count from the end: [-100, -1]
                shows the last 100 lines. Everything is shown without it.

        Returns:
            The lines, each with its number.
        """
        return await self._do(self._view, path, ranges)

    async def write_text_file(self, path: str, content: str, ranges: list[int] | None = None) -> str:
        """Create or overwrite a text file, or replace some of its lines.

        Missing folders are created.

        Args:
            path: The path of the file; ~ is the home folder.
            content: The text to write.
            ranges: The first and last line to replace, counted from 1, as [first, last]; negative numbers count
                from the end. The whole file is written without it.

        Returns:
            What was written; after a replacement the new lines and those around them.
        """
        return await self._do(self._write, path, content, ranges)

    async def insert_text_file(self, path: str, content: str, line_number: int) -> str:
        """Insert lines into a text file.

        Args:
            path: The path of the file; ~ is the home folder.
            content: The text to insert.
            line_number: The number of the line before which the text goes, counted from 1; one more than the file's
                last line appends it.

        Returns:
            The new lines and those around them.
        """
        return await self._do(self._insert, path, content, line_number)

    async def _do(self, work: Callable[..., str], path: str, *arguments: object) -> str:
        try:
            return await to_the_end(functools.partial(work, path, *arguments))
        except ToolError:
            raise
        except FileNotFoundError as error:
            raise FileMissing(f"there is no folder for {path!r}") from error
        except OSError as error:
            raise ToolError(f"{path!r} cannot be used", why=error.strerror or str(error)) from error

    def _view(self, path: str, ranges: list[int] | None) -> str:
        with self._places.find(path) as spot:
            lines = self._lines(spot)
        if not len(lines) and ranges is None:
            return f"{path} is empty."
        first, last = (1, len(lines)) if ranges is None else lines.span(ranges, clamp=True)
        text, shown = lines.numbered(first, last, VIEW_LIMIT)
        rest = f"[{shown + 1}, {last}]"
        more = "" if shown == last else f"\nLines {rest} are not shown: view them with ranges={rest}."
        return f"Lines {first}-{shown} of {len(lines)} in {path}:\n{text}{more}"

    def _write(self, path: str, content: str, ranges: list[int] | None) -> str:
        encoded(content, "content")
        with self._editing, self._places.find(path, make_folders=ranges is None) as spot:
            if ranges is not None:
                return self._replace(spot, content, ranges)
            return self._overwrite(spot, content)

    def _overwrite(self, spot: Spot, content: str) -> str:
        start = spot.read_start(STYLE_SAMPLE)
        data = Style.of(start or b"").data(content)
        spot.write(data)
        verb = "Created" if start is None else "Overwrote"
        return f"{verb} {spot.shown}: {_lines_word(len(split(content)))}, {len(data):,} bytes."

    def _replace(self, spot: Spot, content: str, ranges: list[int]) -> str:
        lines = self._lines(spot)
        first, last = lines.span(ranges, clamp=False)
        count = lines.replace(first, last, content)
        spot.write(lines.data)
        return f"Replaced lines {first}-{last} of {spot.shown}. Now there:\n{lines.around(first, count, VIEW_LIMIT)}"

    def _insert(self, path: str, content: str, line_number: int) -> str:
        encoded(content, "content")
        with self._editing, self._places.find(path) as spot:
            lines = self._lines(spot)
            count = lines.insert(line_number, content)
            spot.write(lines.data)
        shown = lines.around(line_number, count, VIEW_LIMIT)
        return f"Inserted {_lines_word(count)} at line {line_number} of {path}. Now there:\n{shown}"

    def _lines(self, spot: Spot) -> Lines:
        return Lines(spot.read(self._size_limit), spot.shown)


def _lines_word(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


_unconfined = FileTools()
view_text_file = _unconfined.view_text_file
write_text_file = _unconfined.write_text_file
insert_text_file = _unconfined.insert_text_file
