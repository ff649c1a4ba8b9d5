"""A string that is not shown."""

from __future__ import annotations


class Secret:
    """A key or password. It never prints, formats or serialises; ``reveal()`` is the one way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, to put it on the wire."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> tuple[object, ...]:
        from trouplet.errors import NotStorable

        raise NotStorable("a Secret cannot be stored", fix="Keep it out of state and configuration files")
