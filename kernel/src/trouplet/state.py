"""``StateModule``: an object whose state can be saved and loaded, with the modules inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trouplet.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class StateModule:
    """The base of objects that keep state.

    Attributes that are modules themselves, or have ``state_dict`` and ``load_state_dict``, belong to the state by being
    assigned. Others are registered: ``self.register_state("count")``.
    """

    def __init__(self) -> None:
        vars(self)["_registered"] = {}
        vars(self)["_modules"] = []

    def __setattr__(self, name: str, value: object) -> None:
        if callable(getattr(value, "state_dict", None)) and callable(getattr(value, "load_state_dict", None)):
            modules = vars(self).get("_modules")
            if modules is None:
                raise AttributeError(
                    f"{type(self).__name__}.{name} is a module, but super().__init__() was not called before it was set"
                )
            if name not in modules:
                modules.append(name)
        super().__setattr__(name, value)

    def register_state(
        self,
        name: str,
        *,
        to_json: Callable[[Any], object] | None = None,
        from_json: Callable[[Any], object] | None = None,
    ) -> None:
        """Make an attribute part of the state; values that have no JSON form need both converters."""
        if name in self._modules:
            raise StateError(f"{type(self).__name__}.{name} is a module and is stored as one", fix="Do not register it")
        if to_json is None:
            self._json_able(name, getattr(self, name))
        self._registered[name] = (to_json or _same, from_json or _same)

    def state_dict(self) -> dict[str, Any]:
        """Return the state, JSON-able: registered attributes and the state of the modules inside."""
        state = {name: getattr(self, name).state_dict() for name in self._modules}
        for name, (to_json, _) in self._registered.items():
            state[name] = self._json_able(name, to_json(getattr(self, name)))
        return state

    def load_state_dict(self, state: Mapping[str, Any], *, strict: bool = True) -> None:
        """Take over a state. With ``strict`` everything has to be there (``KeyError``); otherwise what is missing
        stays.
        """
        missing = [name for name in (*self._modules, *self._registered) if name not in state]
        if strict and missing:
            raise KeyError(f"the state of {type(self).__name__} lacks {', '.join(missing)}")
        for name in self._modules:
            if name in state:
                getattr(self, name).load_state_dict(state[name])
        for name, (_, from_json) in self._registered.items():
            if name in state:
                setattr(self, name, from_json(state[name]))

    def _json_able(self, name: str, value: object) -> object:
        from trouplet.codec import json_able

        return json_able(value, f"{type(self).__name__}.{name}", fix="Register it with to_json and from_json")

    _modules: list[str]
    _registered: dict[str, tuple[Callable[[Any], object], Callable[[Any], object]]]


def _same(value: object) -> object:
    return value
