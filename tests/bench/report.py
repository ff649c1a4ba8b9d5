"""The table of a benchmark run, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from measurement import Row

HEAD = ("scenario", "", "floor", "ours", "figure", "quiet", "range", "aim", "")


def table(rows: Sequence[Row]) -> str:
    """The rows as an aligned table."""
    cells = [HEAD, *[_cells(row) for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join([_line(line, widths) for line in cells])


def summary(rows: Iterable[Row]) -> str:
    """How many aims are met."""
    judged = [row for row in rows if row.met is not None]
    missed = [row.name for row in judged if not row.met]
    met = f"{len(judged) - len(missed)} of {len(judged)} aims met"
    return f"{met}; not: {', '.join(missed)}" if missed else met


def write_json(rows: Iterable[Row], path: Path) -> None:
    """Write the rows to a file."""
    path.write_text(json.dumps([{**asdict(row), "met": row.met} for row in rows], indent=1) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    spread = f"{row.low:.2f} - {row.high:.2f}" if row.low is not None and row.high is not None else ""
    aim = "" if row.aim is None else f"≤ {row.aim:g}"
    verdict = {True: "met", False: "NOT MET", None: ""}[row.met]
    figure = f"{row.figure:.2f} {row.unit}" if row.unit else f"{row.figure:g}"
    quiet = "" if row.quiet is None else f"{row.quiet:.2f}"
    return (row.name, row.title, row.floor, row.ours, figure.strip(), quiet, spread, aim, verdict)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, title, *figures, verdict = cells
    padded = [figure.rjust(width) for figure, width in zip(figures, widths[2:-1], strict=True)]
    return "  ".join([name.ljust(widths[0]), title.ljust(widths[1]), *padded, verdict]).rstrip()
