"""Tables: aligned plain lines, and on a capable terminal columns that fit its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_cli.safe_text import display_width, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet_cli.terminal import Terminal

    Row = Sequence[str]


def print_table(terminal: Terminal, header: Row, rows: Sequence[Row]) -> None:
    """Print rows under a header."""
    safe = [[one_line(cell) for cell in row] for row in rows]
    if terminal.styled:
        _print_rich(terminal, header, safe)
    else:
        _print_plain(terminal, [header, *safe])


def _print_plain(terminal: Terminal, rows: Sequence[Row]) -> None:
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)]
        terminal.line("  ".join(padded).rstrip())


def _print_rich(terminal: Terminal, header: Row, rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, box=None, pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*[Text(cell) for cell in row])
    Console(file=terminal.stream, width=terminal.width).print(table)
