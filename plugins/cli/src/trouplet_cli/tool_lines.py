"""How tool calls and their results look: shortened, one line where it fits, long texts as a block."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet_cli.safe_text import clipped, display_width, one_line, printable, without_colours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ARGUMENT_LINES = 12
RESULT_LINES = 8
_LONG = 60


@dataclass(slots=True)
class CallView:
    """A call as it is shown: one line, and the long arguments as blocks of lines."""

    head: str
    blocks: list[tuple[str, list[str]]]


def call_view(name: str, arguments: Mapping[str, object], width: int) -> CallView:
    """Lay out a call; an argument of several lines, and one that is long, becomes a block."""
    short: list[str] = []
    blocks: list[tuple[str, list[str]]] = []
    for key, value in arguments.items():
        if isinstance(value, str) and _wants_block(value):
            blocks.append((one_line(key), shortened(value, width - 6, ARGUMENT_LINES)))
        else:
            short.append(f"{one_line(key)}={one_line(_as_json(value))}")
    head = f"{one_line(name)}({', '.join(short)}{_dots(short, blocks)})"
    return CallView(clipped(head, width - 14), blocks)


def _wants_block(value: str) -> bool:
    return "\n" in value.strip() or display_width(value) > _LONG


def _dots(short: list[str], blocks: list[tuple[str, list[str]]]) -> str:
    if not blocks:
        return ""
    names = ", ".join([f"{key}=…" for key, _ in blocks])
    return f", {names}" if short else names


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def shortened(text: str, width: int, limit: int) -> list[str]:
    """Return at most ``limit`` lines of text, each cut to a width; what is left out is counted."""
    lines = printable(without_colours(text)).expandtabs(4).strip("\n").split("\n")
    if len(lines) <= limit:
        return [clipped(line, width) for line in lines]
    kept = [clipped(line, width) for line in lines[: limit - 1]]
    return [*kept, f"… {len(lines) - limit + 1} more lines"]


def result_lines(text: str, width: int) -> Iterator[str]:
    """Yield the lines that show a result; none for an empty one."""
    if text.strip():
        yield from shortened(text, width - 4, RESULT_LINES)


def seconds(duration: float) -> str:
    """Return a duration as people read it: ``212 ms``, ``3.4 s``, ``2 min 5 s``."""
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    if duration < 60:
        return f"{duration:.1f} s"
    return f"{int(duration // 60)} min {int(duration % 60)} s"


def count(number: int) -> str:
    """Return a count as people read it: ``612``, ``3.1k``, ``1.2M``."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 1_000_000:.1f}M"
