"""The tools of an agent, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from trouplet.errors import ToolNameClash, ToolNotUsable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from trouplet.model_io import ToolSchema
    from trouplet.ports import Tool

    ToolLike: TypeAlias = Tool | Callable[..., Any]


class Toolkit:
    """An ordered set of tools with unique names. Functions become tools when they are added."""

    __slots__ = ("_schemas", "_tools")

    def __init__(self, tools: Iterable[ToolLike] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self._schemas: tuple[ToolSchema, ...] | None = ()
        for tool in tools:
            self.add(tool)

    def add(self, tool: ToolLike, *, name: str | None = None, description: str | None = None) -> Tool:
        """Add a tool or a function and return the tool.

        Raises ``ToolNotUsable`` for what a model cannot call, and ``ToolNameClash`` for a name that is taken.
        """
        made = as_tool(tool, name=name, description=description)
        if made.schema.name in self._tools:
            raise ToolNameClash(
                f"there is a tool {made.schema.name!r} already",
                fix=f'Give another name: add(..., name="{made.schema.name}_2")',
            )
        self._tools[made.schema.name] = made
        self._schemas = None
        return made

    def remove(self, name: str) -> None:
        """Remove a tool; ``KeyError`` when there is none of that name."""
        del self._tools[name]
        self._schemas = None

    def get(self, name: str) -> Tool | None:
        """Return the tool of a name, or None."""
        return self._tools.get(name)

    @property
    def schemas(self) -> tuple[ToolSchema, ...]:
        """The schemas for the model: the same tuple until the toolkit changes."""
        if self._schemas is None:
            self._schemas = tuple([tool.schema for tool in self._tools.values()])
        return self._schemas

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools


def as_tool(tool: ToolLike, *, name: str | None = None, description: str | None = None) -> Tool:
    """Return a tool as it is, and a tool made of a function."""
    if not isinstance(tool, type) and hasattr(tool, "schema") and hasattr(tool, "traits") and hasattr(tool, "run"):
        if name is None and description is None:
            return cast("Tool", tool)
        raise ToolNotUsable(f"{tool!r} is a tool already", fix="Name it where it is made: @tool(name=…)")
    if not callable(tool):
        raise ToolNotUsable(f"{tool!r} is not usable as a tool", fix="Give a function or a tool")
    from trouplet.function_tool import FunctionTool

    return FunctionTool(tool, name=name, description=description)
