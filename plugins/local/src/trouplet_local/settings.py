"""What can be set about a local model: how it is loaded, and how it samples."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, cast

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SAMPLING = frozenset({
    "frequency_penalty", "max_tokens", "min_p", "presence_penalty", "repeat_penalty", "seed", "stop", "temperature",
    "top_k", "top_p",
})  # fmt: skip
"""The options of a call; they go to llama.cpp under the same names."""

DEFAULT_SAMPLING: Mapping[str, object] = {"temperature": 0.0, "max_tokens": 1024}
"""Greedy, since small models with tools gain nothing from chance; bounded, since the smallest may never stop."""


@dataclass(slots=True, frozen=True)
class LocalSettings:
    """How a model is loaded. Models with equal settings share one engine within a kernel.

    ``n_ctx`` is the size of the context in tokens. One of the ``threads`` is best on a busy machine: llama.cpp's
    threads wait for each other by spinning. ``batch`` is how many tokens of a prompt are taken at a time: a call can be
    stopped between two of these, and below 16 a prompt takes noticeably longer. ``gpu_layers`` are put on a graphics
    card where the installed llama.cpp knows one.
    """

    n_ctx: int = 8192
    threads: int = 1
    batch: int = 16
    gpu_layers: int = 0

    def __post_init__(self) -> None:
        for name, least in (("n_ctx", 256), ("threads", 1), ("batch", 1), ("gpu_layers", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise BadSetting(f"{name}={value!r} is not usable", fix=f"Give a whole number of at least {least}")


_SETTINGS = frozenset([field.name for field in fields(LocalSettings)])
_OTHERS = frozenset({"download", "stream"})


@dataclass(slots=True)
class LocalOptions:
    """A model's configuration, sorted: loading, sampling, and whether weights may be downloaded."""

    settings: LocalSettings
    sampling: dict[str, object]
    download: bool | None
    stream: bool

    @classmethod
    def read(cls, config: Mapping[str, object]) -> LocalOptions:
        """Sort a configuration; raises ``BadSetting`` for a name or a value that is not usable."""
        known = _SETTINGS | SAMPLING | _OTHERS
        for name in config:
            if name not in known:
                raise BadSetting(f"unknown option {name!r} of a local model", why=did_you_mean(name, known))
        loading = {name: value for name, value in config.items() if name in _SETTINGS}
        return cls(
            LocalSettings(**cast("dict[str, Any]", loading)),
            {name: value for name, value in config.items() if name in SAMPLING},
            _flag(config, "download"),
            _flag(config, "stream") is not False,
        )


def _flag(config: Mapping[str, object], name: str) -> bool | None:
    value = config.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadSetting(f"{name}={value!r} is not usable", fix="Give true or false")
    return value


def check_sampling(options: Mapping[str, object]) -> None:
    """Raise ``BadSetting`` for an option that a call does not have."""
    for name in options:
        if name in _SETTINGS | _OTHERS:
            raise BadSetting(f"{name!r} is not an option of a call", fix="Give it when you make the model")
        if name not in SAMPLING:
            raise BadSetting(f"unknown option {name!r} of a local model", why=did_you_mean(name, SAMPLING))
