"""What a command is to run: ``file.py[:name]``, or a model.

A file defines ``agent`` (an agent, or a function of the kernel that returns one) or ``main`` (a program).
"""

from __future__ import annotations

import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trouplet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from trouplet.agent import Agent, ReActAgent
    from trouplet.kernel import Kernel
    from trouplet.ports import Memory

DEFAULT_NAME = "Friday"
DEFAULT_PROMPT = "You are a helpful assistant."


@dataclass(slots=True)
class ModelSource:
    """An agent made of a model: its id, system prompt and the plugins whose tools it has."""

    model: str
    sys_prompt: str = DEFAULT_PROMPT
    tools: Sequence[str] = ()

    def make(self, kernel: Kernel, *, model: str | None = None, memory: Memory | None = None) -> ReActAgent:
        """Make the agent, or one that goes on with a conversation on another model."""
        return kernel.agent(
            DEFAULT_NAME, model=model or self.model, sys_prompt=self.sys_prompt, tools=self.tools, memory=memory
        )


@dataclass(slots=True)
class FileSource:
    """What a file defines under a name: ``program`` is true for ``main``."""

    path: Path
    name: str
    value: object
    program: bool

    @property
    def wants_argument(self) -> bool:
        """Whether the function takes an argument: the kernel, or the input of a program."""
        return callable(self.value) and _takes_argument(self.value)

    async def make(self, kernel: Kernel) -> Agent:
        """Return the agent of the file, made with this kernel if it is a function's."""
        from trouplet.agent import Agent

        if self.program:
            raise ConfigError(f"{self.path} defines a program, not an agent", fix=f"Run it: trouplet run {self.path}")
        made = self.value
        if callable(made) and not isinstance(made, Agent):
            made = made(kernel) if self.wants_argument else made()
            if inspect.isawaitable(made):
                made = await made
        if isinstance(made, Agent):
            return made
        raise ConfigError(
            f"{self.name} in {self.path} is not an agent",
            why=f"it is a {type(made).__name__}",
            fix="Define an agent, or a function agent(kernel) that returns one",
        )

    async def run_program(self, text: str | None) -> object:
        """Call ``main``, with the input if it takes one, and return what it returns."""
        assert callable(self.value), "a program is a function"
        made: object = self.value(text) if self.wants_argument else self.value()
        return await made if inspect.isawaitable(made) else made


async def make_agent(source: FileSource | ModelSource, kernel: Kernel) -> Agent:
    """Make the agent of a source."""
    return source.make(kernel) if isinstance(source, ModelSource) else await source.make(kernel)


def model_source(model: str | None, *, system: str | None, tools: Sequence[str]) -> ModelSource:
    """Return the source for a model; for None, the model of the configuration file."""
    return ModelSource(model or _configured_model(), system or DEFAULT_PROMPT, tools)


def _configured_model() -> str:
    from trouplet.config import Settings

    found = Settings(os.environ).file().get("model")
    if isinstance(found, str) and found:
        return found
    raise ConfigError(
        "no model was named, and the configuration names none",
        fix="Name one: trouplet chat test:echo (works offline), or set one: trouplet config set model provider:model",
    )


def is_file_target(target: str) -> bool:
    """Whether a target names a file, not a model."""
    return target.endswith(".py") or ".py:" in target


def load_file(target: str) -> FileSource:
    """Import the file of a target and find what it names; called before there is an event loop."""
    path, name = _split(target)
    if not path.is_file():
        raise click.UsageError(f"There is no file {str(path)!r}.")
    module = _import(path)
    for candidate in [name] if name else ["agent", "main"]:
        value = getattr(module, candidate, None)
        if value is not None:
            return FileSource(path, candidate, value, program=candidate == "main" and callable(value))
    wanted = name or "agent or main"
    raise ConfigError(
        f"{path} defines no {wanted}",
        fix="Define agent = ReActAgent(...), def agent(kernel), or async def main(); or name another: file.py:name",
    )


def _split(target: str) -> tuple[Path, str]:
    if target.endswith(".py"):
        return Path(target), ""
    path, _, name = target.rpartition(":")
    return Path(path), name


def _import(path: Path) -> ModuleType:
    """Import a file as a script would be: what lies beside it can be imported."""
    from importlib.util import module_from_spec, spec_from_file_location

    name = f"trouplet_file_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None, "a .py file has a loader"
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def _takes_argument(function: Callable[..., object]) -> bool:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any([parameter.kind in positional for parameter in inspect.signature(function).parameters.values()])
