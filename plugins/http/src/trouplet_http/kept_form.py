"""Keeps the wire form of what most requests of a run repeat: their tools, their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")


class KeptForm(Generic[T, R]):
    """Makes a wire form with ``make``, and again only for other objects than last time."""

    def __init__(self, make: Callable[[Sequence[T]], R]) -> None:
        self._make = make
        self._things: list[T] = []
        self._form: R | None = None

    def of(self, things: Sequence[T]) -> R:
        """Return the wire form, the same object as last time for the same things."""
        known = self._things
        form = self._form
        if form is None or len(known) != len(things) or not all([a is b for a, b in zip(known, things, strict=True)]):
            form = self._form = self._make(things)
            self._things = list(things)
        return form
