"""What goes wrong with files, in words for the model."""

from __future__ import annotations

from trouplet.errors import InvalidArguments, ToolError


class PathRefused(ToolError, PermissionError):
    """A path that leads out of the root, or to something that is no ordinary file."""


class FileMissing(ToolError, FileNotFoundError):
    """There is no such file or folder."""


class NotEditable(ToolError, ValueError):
    """A file that is not UTF-8 text, or larger than a tool reads."""


class BadLines(InvalidArguments):
    """A line range or number that the file does not have."""
